"""Where the pages and the REST API live. `/v1` is answered before Django: see `gateway.asgi`."""

from allauth.socialaccount.providers import registry
from django.contrib import admin
from django.urls import include, path
from django.utils.module_loading import autodiscover_modules
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

registry.load()
# Not `admin.autodiscover()`: where an import fails, it forgets what others have registered, and the
# next attempt would end with half of the pages.
autodiscover_modules("admin")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("", include("gateway.console.sign_in.urls")),
    path("admin/", include("gateway.console.urls")),
    path("admin/", admin.site.urls),
    path("api/governance/", include("governance.api.urls")),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
]

handler400 = "gateway.server.bad_request.bad_request"
handler403 = "gateway.console.dead_ends.views.forbidden"
handler404 = "gateway.console.dead_ends.views.not_found"
handler500 = "gateway.console.dead_ends.views.failed"
