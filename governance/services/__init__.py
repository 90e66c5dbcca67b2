"""The only writers of the configuration.

Each function is one transaction: it checks every rule first, writes, bumps the table's version,
keeps a revision and, once committed, puts the new table in force in this process. `who` names the
person or key behind the change. Broken rules raise `errors.Invalid`, what stands in the way
`errors.Conflict`, unknown names `errors.NotFound`; nothing has been written then.
"""

from governance.services.budgets import GRANTS, GROUPS, LIMITS, PRICES
from governance.services.change import Saved
from governance.services.comparing import Difference, compare, differences, find_revision
from governance.services.importing import ImportOutcome, profiles_in, replace_all
from governance.services.keys import (
    create_key,
    delete_key,
    find_key,
    rotate_key,
    update_key,
    update_keys,
)
from governance.services.makers import Maker, maker_of
from governance.services.mappings import delete_mapping, find_mapping, save_mapping
from governance.services.profiles import delete_profile, find_profile, save_profile
from governance.services.providers import (
    delete_provider,
    find_provider,
    profiles_naming,
    save_provider,
)
from governance.services.revisions import REVERTIBLE, Reverted, revert, revert_one
from governance.services.rules import delete_rule, find_rule, reorder_rules, save_rule
from governance.services.targets import Added, add_models, switch_profile
from governance.services.versions import Versions

__all__ = [
    "GRANTS",
    "GROUPS",
    "LIMITS",
    "PRICES",
    "REVERTIBLE",
    "Added",
    "Difference",
    "ImportOutcome",
    "Maker",
    "Reverted",
    "Saved",
    "Versions",
    "add_models",
    "compare",
    "create_key",
    "delete_key",
    "delete_mapping",
    "delete_profile",
    "delete_provider",
    "delete_rule",
    "differences",
    "find_key",
    "find_mapping",
    "find_profile",
    "find_provider",
    "find_revision",
    "find_rule",
    "maker_of",
    "profiles_in",
    "profiles_naming",
    "reorder_rules",
    "replace_all",
    "revert",
    "revert_one",
    "rotate_key",
    "save_mapping",
    "save_profile",
    "save_provider",
    "save_rule",
    "switch_profile",
    "update_key",
    "update_keys",
]
