"""The only writers of the configuration.

Each function is one transaction: it checks every rule first, writes, bumps the table's version,
keeps a revision and, once committed, puts the new table in force in this process. `who` names the
person or key behind the change. Broken rules raise `errors.Invalid`, what stands in the way
`errors.Conflict`, unknown names `errors.NotFound`; nothing has been written then.
"""

from governance.services.alerts import ALERTS, try_alert
from governance.services.budgets import GRANTS, GROUPS, LIMITS, PRICES
from governance.services.change import Saved
from governance.services.comparing import Difference, compare, differences, find_revision
from governance.services.costs import Recomputed, recompute_costs
from governance.services.default_model import make_default_model
from governance.services.import_sections import (
    MERGE,
    MODES,
    REPLACE,
    SECTIONS,
    SectionOutcome,
    exported_rows,
    lacking_rights,
    sections_in,
)
from governance.services.importing import ImportOutcome, import_all, profiles_in, replace_all
from governance.services.importing_configuration import Importer
from governance.services.keys import (
    create_key,
    delete_key,
    find_key,
    rotate_key,
    update_key,
    update_keys,
)
from governance.services.limit_replay import replay_of_limit
from governance.services.makers import Maker, maker_of
from governance.services.mappings import delete_mapping, find_mapping, save_mapping
from governance.services.overrides import end_override, overrides_of, set_override
from governance.services.own_keys import (
    KEY_ALLOWANCES,
    allowances_of,
    create_own_key,
    delete_own_key,
    own_keys,
    rotate_own_key,
)
from governance.services.profiles import delete_profile, find_profile, save_profile
from governance.services.providers import (
    delete_provider,
    find_provider,
    profiles_naming,
    save_provider,
)
from governance.services.repairs import forget_repairs
from governance.services.revisions import REVERTIBLE, Reverted, revert, revert_one
from governance.services.rules import delete_rule, find_rule, reorder_rules, save_rule
from governance.services.targets import Added, add_models, switch_profile
from governance.services.versions import Versions

__all__ = [
    "ALERTS",
    "GRANTS",
    "GROUPS",
    "KEY_ALLOWANCES",
    "LIMITS",
    "MERGE",
    "MODES",
    "PRICES",
    "REPLACE",
    "REVERTIBLE",
    "SECTIONS",
    "Added",
    "Difference",
    "ImportOutcome",
    "Importer",
    "Maker",
    "Recomputed",
    "Reverted",
    "Saved",
    "SectionOutcome",
    "Versions",
    "add_models",
    "allowances_of",
    "compare",
    "create_key",
    "create_own_key",
    "delete_key",
    "delete_mapping",
    "delete_own_key",
    "delete_profile",
    "delete_provider",
    "delete_rule",
    "differences",
    "end_override",
    "exported_rows",
    "find_key",
    "find_mapping",
    "find_profile",
    "find_provider",
    "find_revision",
    "find_rule",
    "forget_repairs",
    "import_all",
    "lacking_rights",
    "make_default_model",
    "maker_of",
    "overrides_of",
    "own_keys",
    "profiles_in",
    "profiles_naming",
    "recompute_costs",
    "reorder_rules",
    "replace_all",
    "replay_of_limit",
    "revert",
    "revert_one",
    "rotate_key",
    "rotate_own_key",
    "save_mapping",
    "save_profile",
    "save_provider",
    "save_rule",
    "sections_in",
    "set_override",
    "switch_profile",
    "try_alert",
    "update_key",
    "update_keys",
]
