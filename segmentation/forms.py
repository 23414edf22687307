"""Forms of the segmentation floor."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from customers.exports.customer_list import ListColumn
from customers.models import Dataset
from segmentation.analysis.results import KLimits
from segmentation.charts.palette import N_LOOKS, look_name
from segmentation.feature_choices import FeatureChoice, FeatureChoices, Participants
from segmentation.models import Missing, Outliers, Scaling, Segment, Segmentation
from segmentation.runs.request import K_LIMIT, RunRequest
from segmentation.segments.editing import refuse_taken_name


class RunForm(forms.Form):
    """What a new run needs to know; every choice has a sensible default."""

    features = forms.MultipleChoiceField(
        label=_("Which attributes should the segments differ in?"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    k = forms.IntegerField(
        label=_("Number of segments"),
        required=False,
        min_value=1,
        max_value=K_LIMIT,
        help_text=_("Leave empty to use the recommended number."),
    )
    k_max = forms.IntegerField(
        label=_("Try up to"),
        required=False,
        min_value=1,
        max_value=K_LIMIT,
        widget=forms.NumberInput(attrs={"placeholder": _("automatic")}),
        help_text=_(
            "The elbow graph shows every number of segments from 1 to this one. Leave empty for 10, or more"
            " where the best number lies at the end."
        ),
    )
    name = forms.CharField(
        label=_("Name of the segmentation"),
        required=False,
        max_length=200,
        help_text=_(
            "Leave empty to continue the segmentation with these settings, or to name a new one after them."
        ),
    )
    scaling = forms.ChoiceField(
        choices=Scaling.choices,
        initial=Scaling.STANDARD,
        help_text=_("Standardising gives every attribute the same weight, whatever its unit."),
    )
    logarithms = forms.ChoiceField(
        label=_("Amounts where a few customers are far above the rest"),
        required=False,
        choices=[
            ("auto", _("take the logarithm where it is proposed (recommended)")),
            ("none", _("take no logarithm")),
            ("chosen", _("take the logarithm of those ticked below")),
        ],
        initial="auto",
        help_text=_("An existing segmentation keeps what was chosen when it was made."),
    )
    log1p = forms.MultipleChoiceField(
        label=_("Take the logarithm of"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("For amounts where a few customers are far above the rest, such as revenue."),
    )
    one_hot = forms.MultipleChoiceField(
        label=_("Text attributes to use"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("All values of a text together weigh as much as one number."),
    )
    missing = forms.ChoiceField(
        label=_("Missing values"),
        choices=Missing.choices,
        initial=Missing.LEAVE_OUT,
        help_text=_("A customer who is left out is in no segment of this run."),
    )
    outliers = forms.ChoiceField(
        label=_("Customers far from all others"),
        required=False,
        choices=[("", _("as proposed")), *Outliers.choices],
        help_text=_(
            "One extreme customer can hide the groups of all others. Set aside are only those who would, at "
            "most three in a hundred; the run names them."
        ),
    )
    min_segments = forms.IntegerField(
        label=_("Recommend at least so many segments"), required=False, min_value=1, max_value=K_LIMIT
    )
    max_segments = forms.IntegerField(
        label=_("Recommend at most so many segments"),
        required=False,
        min_value=1,
        max_value=K_LIMIT,
        help_text=_("As many as your team can handle."),
    )
    min_share = forms.FloatField(
        label=_("Smallest segment, percent of customers"),
        required=False,
        min_value=0,
        max_value=50,
        help_text=_("We do not recommend a number of segments that leaves a smaller one."),
    )
    # Shown at once; the others open with “More choices”. The features have a template of their own.
    FIRST = ("k", "k_max")

    def __init__(self, data: Any = None, *, dataset: Dataset, initial: Mapping[str, Any]) -> None:
        self.dataset = dataset
        self.choices = FeatureChoices(dataset)
        super().__init__(data, initial={"features": self.choices.proposal.used, **initial})
        # What an earlier run used can be chosen again, whatever is said of it.
        self.groups = self.choices.grouped({*self.initial["features"], *self.initial.get("one_hot", ())})
        numbers = [(each.name, each.name) for each in (*self.groups.proposed, *self.groups.others)]
        texts = [(each.name, _describe_text(each)) for each in self.groups.texts]
        for name, choices in (("features", numbers), ("log1p", numbers), ("one_hot", texts)):
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - tells mypy, not people
            field.choices = choices
        if not texts:
            del self.fields["one_hot"]

    @property
    def chosen_features(self) -> list[str]:
        return list(self["features"].value() or ())

    @property
    def has_chosen_others(self) -> bool:
        return not {*self.chosen_features}.isdisjoint(each.name for each in self.groups.others)

    @property
    def participants(self) -> Participants:
        """How many customers the choice uses that the form shows."""
        texts = self["one_hot"].value() if "one_hot" in self.fields else ()
        return self.choices.participants(
            {*self.chosen_features, *(texts or ())},
            missing=str(self["missing"].value()),
            scaling=str(self["scaling"].value()),
            log1p=chosen_logarithms(self["logarithms"].value(), self["log1p"].value() or ()),
        )

    @property
    def first_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.FIRST]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in {"features", *self.FIRST}]

    @property
    def says_more(self) -> bool:
        """Whether the further choices hold anything unusual or invalid."""
        usual = {field.name: field.field.initial for field in self.more_fields}
        given = self.cleaned_data if self.is_bound and self.is_valid() else self.initial
        unusual = any(given.get(name) and given[name] != initial for name, initial in usual.items())
        return unusual or any(field.errors for field in self.more_fields)

    def clean_min_share(self) -> float:
        return float(self.cleaned_data["min_share"] or 0)

    def clean(self) -> dict[str, Any]:
        chosen = self.cleaned_data
        if not chosen.get("features") and not chosen.get("one_hot") and "features" not in self.errors:
            self.add_error("features", _("Choose at least one attribute."))
        least, most = chosen.get("min_segments"), chosen.get("max_segments")
        if least and most and least > most:
            self.add_error(
                "max_segments", _("This is less than %(least)s, the minimum above.") % {"least": least}
            )
        return chosen

    def run_request(self) -> RunRequest:
        """The request a valid form stands for."""
        chosen = self.cleaned_data
        same = ("features", "k", "k_max", "name", "scaling", "missing")
        return RunRequest(
            dataset=self.dataset,
            log1p=chosen_logarithms(chosen["logarithms"], chosen["log1p"]),
            one_hot=chosen.get("one_hot", []),
            outliers=chosen["outliers"] or None,
            limits=KLimits(chosen["min_segments"], chosen["max_segments"], chosen["min_share"] / 100),
            **{name: chosen[name] for name in same},
        )


def chosen_logarithms(choice: str | None, ticked: Sequence[str]) -> Sequence[str] | None:
    """The features whose logarithm is taken, `None` for those proposed; ticks alone are a choice as well."""
    if choice == "none":
        return []
    return ticked if choice == "chosen" or (not choice and ticked) else None


def _describe_text(choice: FeatureChoice) -> str:
    words = "; ".join(filter(None, (choice.values, choice.reason)))
    return format_html('{} <span class="muted">{}</span>', choice.name, words)


class ExportForm(forms.Form):
    """Which columns a list of customers has, and as what kind of file it is written."""

    format = forms.ChoiceField(
        label=_("File type"),
        choices=[
            ("csv", _("CSV: for every mailing and campaign tool")),
            ("xlsx", _("XLSX: a workbook for Excel and other spreadsheets")),
        ],
        initial="csv",
        widget=forms.RadioSelect,
    )
    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one column.")},
    )

    def __init__(self, *args: Any, columns: Sequence[ListColumn], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["columns"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - tells mypy, not people
        field.choices = [(column.key, column.name) for column in columns]
        field.initial = [column.key for column in columns]

    @property
    def keys(self) -> list[str]:
        """The keys of the chosen columns; none when all are chosen, so that addresses stay short."""
        chosen: list[str] = self.cleaned_data["columns"]
        return [] if len(chosen) == len(self.fields["columns"].initial) else chosen


@dataclass(frozen=True)
class Look:
    """One colour with its marker, as an unsaved segment shows it, and the living segment that has it."""

    segment: Segment
    owner: Segment | None
    is_chosen: bool

    @property
    def name(self) -> str:
        return look_name(self.segment.colour)


# As Django's validator fills it in.
TOO_LONG = _("This name has %(show_value)d characters; at most %(limit_value)d are allowed.")


class NameForm(forms.ModelForm):
    """A name not used elsewhere. No browser cuts one that is too long: the form states the limit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("maxlength", None)

    def clean_name(self) -> str:
        name = " ".join(str(self.cleaned_data["name"]).split())
        refuse_taken_name(self.instance, name)
        return name

    @property
    def seen(self) -> dict[str, Any]:
        """What the page showed (`seen_…`), by name; where it does not say, what this request found."""
        return {name: self.data.get(f"seen_{name}", value) for name, value in self.initial.items()}

    def look_again(self) -> None:
        """Show what is there now beside what was typed: saving once more then replaces it knowingly."""
        self.initial = forms.model_to_dict(self.instance, fields=list(self.fields))


class SegmentForm(NameForm):
    """Name, look and notes of a segment, the same in every run.

    What is not posted, or is as the page showed it (`seen_…`), stays as it is.
    """

    colour = forms.TypedChoiceField(coerce=int, choices=[(index, index) for index in range(N_LOOKS)])
    notes = forms.CharField(
        label=_("Notes"),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What you know about them, what you plan for them. At most 5,000 characters."),
    )

    class Meta:
        model = Segment
        fields = ["name", "colour", "notes"]
        labels = {"name": _("Name")}
        help_texts = {"name": _("At most 100 characters.")}
        error_messages = {"name": {"required": _("Give the segment a name."), "max_length": TOO_LONG}}

    def __init__(self, posted: Mapping[str, str] | None = None, *, instance: Segment) -> None:
        given = posted or {}
        touched = {
            name: given[name]
            for name in self.Meta.fields
            if name in given and given[name] != given.get(f"seen_{name}")
        }
        seen = {name: value for name, value in given.items() if name.startswith("seen_")}
        now = forms.model_to_dict(instance, fields=self.Meta.fields)
        super().__init__(None if posted is None else now | seen | touched, instance=instance)
        self._touched = touched

    @property
    def changes(self) -> dict[str, Any]:
        """What a valid form wants changed, by name, as `edit_segment` takes it."""
        return {name: self.cleaned_data[name] for name in self._touched}

    def look_again(self) -> None:
        super().look_again()
        self.data = {**self.initial, **self._touched}

    @property
    def looks(self) -> Iterator[Look]:
        """Every look, and which living segment has it."""
        owners = {other.colour: other for other in self.instance.others()}
        chosen = str(self["colour"].value())
        for index in range(N_LOOKS):
            yield Look(Segment(colour=index), owners.get(index), is_chosen=str(index) == chosen)


class SegmentationForm(NameForm):
    """The name of a segmentation."""

    class Meta:
        model = Segmentation
        fields = ["name"]
        labels = {"name": _("Name of the segmentation")}
        help_texts = {"name": _("At most 200 characters.")}
        error_messages = {"name": {"required": _("Give the segmentation a name."), "max_length": TOO_LONG}}
