# mypy: disable-error-code="import-not-found"
from django.urls import include, path
from oauth2_provider.urls import base_urlpatterns

urlpatterns = [path("o/", include((base_urlpatterns, "oauth2_provider")))]
