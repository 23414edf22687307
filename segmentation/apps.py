from django.apps import AppConfig


class SegmentationConfig(AppConfig):
    name = "segmentation"
    # Tables, permissions and content types carry the label: with it, none of them had to be renamed.
    label = "segmenter"
    verbose_name = "Segmentation"
