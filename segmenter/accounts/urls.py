"""Addresses of the people who log in."""

from django.urls import path

from segmenter.accounts import views

app_name = "people"

urlpatterns = [
    # /people/
    path("people/", views.person_list, name="person-list"),
    path("people/invite/", views.person_invite, name="person-invite"),
    # /people/<id>/
    path("people/<int:person_id>/", views.person_detail, name="person-detail"),
    path("people/<int:person_id>/role/", views.person_role, name="person-role"),
    path("people/<int:person_id>/activity/", views.person_activity, name="person-activity"),
    path("people/<int:person_id>/reset/", views.person_reset, name="person-reset"),
    path("people/<int:person_id>/forget-factor/", views.person_forget_factor, name="person-forget-factor"),
]
