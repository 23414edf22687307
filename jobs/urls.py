from django.urls import path

from jobs import views

app_name = "jobs"

urlpatterns = [
    # /jobs/
    path("jobs/", views.job_list, name="job-list"),
    # /jobs/<id>/
    path("jobs/<int:job_id>/", views.job_detail, name="job-detail"),
    path("jobs/<int:job_id>/progress/", views.job_progress, name="job-progress"),
    path("jobs/<int:job_id>/cancel/", views.job_cancel, name="job-cancel"),
    path("jobs/<int:job_id>/retry/", views.job_retry, name="job-retry"),
]
