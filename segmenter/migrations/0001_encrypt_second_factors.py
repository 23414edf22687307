"""Encrypts the secrets of second factors that earlier releases kept as they are."""

from typing import Any

from django.db import migrations


def encrypt(apps: Any, schema_editor: Any) -> None:
    from segmenter.accounts.second_factors import encrypt_all

    encrypt_all(apps.get_model("mfa", "Authenticator").objects.exclude(type="webauthn"))


def decrypt(apps: Any, schema_editor: Any) -> None:
    from segmenter.accounts.second_factors import decrypt_all

    decrypt_all(apps.get_model("mfa", "Authenticator").objects.exclude(type="webauthn"))


class Migration(migrations.Migration):
    dependencies = [("mfa", "0003_authenticator_type_uniq")]
    operations = [migrations.RunPython(encrypt, decrypt)]
