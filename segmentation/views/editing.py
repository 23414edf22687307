"""Changing what people may change of segmentations and their segments: names, looks, notes."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from audit.recording import record
from segmentation.forms import NameForm, SegmentationForm, SegmentForm
from segmentation.models import Cluster, Segment, Segmentation
from segmentation.segments.editing import edit_segment, rename_segmentation


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("segmenter.change_segmentation", raise_exception=True)
def segmentation_rename(request: HttpRequest, segmentation_id: int) -> HttpResponse:
    owners = Segmentation.objects.select_related("dataset")
    segmentation = get_object_or_404(owners, pk=segmentation_id)
    form = SegmentationForm(_posted(request), instance=segmentation)
    if form.is_valid() and _write(form, lambda: _rename(request, form)):
        messages.success(request, _("The segmentation is now called “%(name)s”.") % {"name": segmentation})
        return redirect(segmentation)
    context = {"form": form, "segmentation": segmentation, "dataset": segmentation.dataset}
    return render(request, "segmentation/segmentation_rename.html", context)


def _rename(request: HttpRequest, form: SegmentationForm) -> None:
    before = rename_segmentation(form.instance, form.cleaned_data["name"], seen=form.seen["name"])
    if before != form.instance.name:
        record(request, "renamed a segmentation", form.instance, before=before)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("segmenter.change_segment", raise_exception=True)
def segment_edit(request: HttpRequest, segmentation_id: int, segment_id: int) -> HttpResponse:
    owners = Segment.objects.kept().select_related("segmentation__dataset")
    segment = get_object_or_404(owners, pk=segment_id, segmentation=segmentation_id)
    return _edit(request, segment, back=segment.segmentation.get_absolute_url())


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("segmenter.change_segment", raise_exception=True)
def segment_rename(request: HttpRequest, run_id: int, number: int) -> HttpResponse:
    """Takes the inline form on the page of a run or a segment, and leads back there."""
    clusters = Cluster.objects.kept().select_related("segment__segmentation__dataset")
    cluster = get_object_or_404(clusters, run=run_id, number=number)
    back = cluster.get_absolute_url()
    if request.POST.get("back") == "run":
        back = f"{cluster.run.get_absolute_url()}#segment-{number}"
    return _edit(request, cluster.segment, back=back)


def _edit(request: HttpRequest, segment: Segment, *, back: str) -> HttpResponse:
    form = SegmentForm(_posted(request), instance=segment)
    if form.is_valid() and _write(form, lambda: _change(request, form)):
        messages.success(request, _("“%(name)s” is saved, for every run.") % {"name": segment})
        return redirect(back)
    context = {"form": form, "segment": segment, "segmentation": segment.segmentation, "back": back}
    return render(request, "segmentation/segment_edit.html", context)


def _change(request: HttpRequest, form: SegmentForm) -> None:
    before = edit_segment(form.instance, **form.changes, seen=form.seen)
    if before:
        record(request, "changed a segment", form.instance, before=before)


def _posted(request: HttpRequest) -> dict[str, str] | None:
    return request.POST.dict() if request.method == "POST" else None


def _write(form: NameForm, write: Callable[[], None]) -> bool:
    """Whether a valid form was saved; the name may be taken, or changed, at that very moment."""
    try:
        with transaction.atomic():
            write()
    except ValidationError as error:
        form.add_error(None if hasattr(error, "error_dict") else "name", error)
        form.look_again()
    except ObjectDoesNotExist:  # deleted in the meantime, with the only run that knew it
        raise Http404 from None
    return form.is_valid()
