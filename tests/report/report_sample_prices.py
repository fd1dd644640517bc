"""Prices of every certainty, for the sample review."""

from decimal import Decimal

from advisor.domain.finding import PriceNote

PRICES = (
    PriceNote(region="us-east-1", what="Linux X86_64 on-demand", usd=Decimal("0.04048"), unit="vcpu-hour",
              source="AWS price list, quoted in a public dataset", as_of="2026-08-31",
              certainty="CONFIRMED (two independent sources)"),
    PriceNote(region="us-east-1", what="Linux X86_64 on-demand", usd=Decimal("0.004445"), unit="gb-hour",
              source="AWS price list, quoted in a public dataset", as_of="2026-08-31", certainty="CONFIRMED"),
    PriceNote(region="us-east-1", what="Linux X86_64 spot", usd=Decimal("0.01229"), unit="vcpu-hour",
              source="public gist", as_of="2023-12", certainty="STALE (single source)"),
    PriceNote(region="us-east-1", what="Linux ARM64 on-demand", usd=Decimal("0.03238"), unit="vcpu-hour",
              source="0.80 x Linux X86_64", as_of="n/a", certainty="DERIVED - NOT A PUBLISHED PRICE"),
    PriceNote(region="eu-west-1", what="Linux X86_64 on-demand", usd=Decimal("0.04048"), unit="vcpu-hour",
              source="one public page", as_of="2021-01", certainty="UNCONFIRMED"),
)  # fmt: skip
