"""Where Django's admin looks for pages: each is a folder of `gateway.console`."""

import gateway.console.alerts.admin
import gateway.console.audit.admin
import gateway.console.interactions.admin
import gateway.console.keys.admin
import gateway.console.limits.admin
import gateway.console.mappings.admin
import gateway.console.own_keys.admin
import gateway.console.people.admin
import gateway.console.profiles.admin
import gateway.console.providers.admin
import gateway.console.revisions.admin
import gateway.console.rules.admin  # noqa: F401
