"""What an account at Reusely is configured with, and what a caller may say that only Reusely understands."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from adapters.contract.adapter import Credentials, ProviderSettings
from adapters.contract.models.resources import Status

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class ReuselyCredentials(Credentials):
    """Keys from Add-on Settings → Public API → API Credentials. Regenerating one ends the old one."""

    api_key: SecretStr = Field(description="The API key, sent with every request (`x-api-key`).", min_length=1)
    secret_key: SecretStr | None = Field(
        default=None,
        description="The secret key, sent to administrative endpoints only (`x-secret-key`). Reading offers needs it.",
        min_length=1,
    )
    tenant_id: SecretStr | None = Field(
        default=None,
        description="The tenant id, sent with every request where it is set (`x-tenant-id`). Older accounts need it.",
        min_length=1,
    )


class ReuselySettings(ProviderSettings):
    """How one account at Reusely is spoken to."""

    api_version: Literal["v2", "v3"] = Field(
        default="v3", description="The version of the mail-in checkout: `v3` places offers, `v2` orders."
    )
    categories_path: Literal["categories", "category"] = Field(
        default="categories", description="The last segment of the category list's path; clients use both spellings."
    )
    lead_identifier: Literal["email", "phone"] = Field(
        default="email",
        description="What the account's Lead Booster knows a customer by: that member of `customer` is required.",
    )
    custom_fields_reference: Name | None = Field(
        default=None,
        description="The custom field that carries the caller's order reference; without it the reference is not sent, "
        "and an offer whose answer was lost cannot be looked up. Needs v3.",
    )
    custom_field_name_key: Name = Field(
        default="name", description="The member that names the field in an entry of `custom_fields`."
    )
    custom_field_value_key: Name = Field(
        default="value", description="The member that holds the value in an entry of `custom_fields`."
    )
    statuses: dict[str, Status] = Field(
        default_factory=dict,
        description="What the account's own workflow stages mean, over the defaults: stage name to canonical status.",
    )
    lookup_pages: int = Field(
        default=20, ge=1, le=40, description="The most pages of the offer list that are read to find one offer."
    )
    lookup_settle: float = Field(
        default=300.0,
        ge=0,
        le=86400,
        description="Seconds after which an offer that was placed is surely in the offer list.",
    )

    @model_validator(mode="after")
    def _version_has_the_members(self) -> Self:
        if self.api_version == "v2" and self.custom_fields_reference is not None:
            raise ValueError("custom_fields_reference needs api_version v3: v2 documents no custom fields")
        if self.api_version == "v2" and self.lead_identifier == "phone":
            raise ValueError("lead_identifier phone needs api_version v3: v2 documents no customer phone")
        if self.custom_field_name_key == self.custom_field_value_key:
            raise ValueError("custom_field_name_key and custom_field_value_key must differ")
        return self


class ReuselyOptions(BaseModel):
    """`providerOptions.reusely` of an order: members of the v3 checkout that no other provider has."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    referral_source: Annotated[str, StringConstraints(min_length=1, max_length=2048)] | None = Field(
        default=None, alias="referralSource", description="Where the customer came from."
    )
    platform: Literal["app", "website", "widget"] | None = Field(
        default=None, description="The kind of platform the offer was made on."
    )
