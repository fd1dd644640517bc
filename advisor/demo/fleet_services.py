"""The services of the demo fleet: the field as it is, one reason each."""

from datetime import timedelta

from advisor.demo.fleet_spec import (
    DATA,
    IRELAND,
    SHOP,
    VIRGINIA,
    DemoService,
    Resize,
    Work,
)
from advisor.domain.policy import ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import CapacityShare, ServiceId, Setup, TaskSize


def _in(account: str, region: str, service: str) -> ServiceId:
    return ServiceId(account=account, region=region, service=service)


STOREFRONT_API = DemoService(
    id=_in(SHOP, VIRGINIA, "prod/storefront-api"),
    why="behind a load balancer, tracks 70 % CPU with the default cooldowns that nobody chose",
    setup=Setup(
        size=TaskSize.of(vcpu=1, gib=2),
        desired=8,
        minimum=4,
        maximum=40,
        policies=(TargetTracking(metric="cpu", target=70),),
    ),
    work=Work(trace="functions-steady", peak_vcpu=14, base_mib=680, mib_per_vcpu=420, requests=True),
    load_balanced=True,
    tags={"team": "storefront", "environment": "production"},
)

CHECKOUT = DemoService(
    id=_in(SHOP, VIRGINIA, "prod/checkout"),
    why="over-provisioned, fixed count: sized for a sale that was two years ago",
    setup=Setup(size=TaskSize.of(vcpu=2, gib=4), desired=6),
    work=Work(trace="jumpstarter-13", peak_vcpu=1.8, base_mib=610, mib_per_vcpu=300),
    load_balanced=True,
    tags={"team": "checkout", "environment": "production"},
)

CATALOG_CACHE = DemoService(
    id=_in(SHOP, VIRGINIA, "prod/catalog-cache"),
    why="bound by memory: tasks are nearly full, CPU is not; CPU and memory are those of one Google task",
    setup=Setup(size=TaskSize.of(vcpu=2, gib=8), desired=3),
    work=Work(trace="google-22", peak_vcpu=2.0, memory_trace="google-22", memory_scale=0.86),
    tags={"team": "catalog", "environment": "production"},
)

MEDIA_ENCODER = DemoService(
    id=_in(SHOP, VIRGINIA, "prod/media-encoder"),
    why="saturated: at 100 % CPU for hours, so what it really needs cannot be seen",
    setup=Setup(size=TaskSize.of(vcpu=1, gib=2), desired=4),
    work=Work(trace="bitbrains-190", peak_vcpu=5.6, base_mib=900, mib_per_vcpu=350),
    tags={"team": "media", "environment": "production"},
)

LEGACY_SOAP = DemoService(
    id=_in(SHOP, VIRGINIA, "prod/legacy-soap"),
    why="idle: nobody has called it for months",
    setup=Setup(size=TaskSize.of(vcpu=0.5, gib=1), desired=2),
    work=Work(trace="bitbrains-1026", peak_vcpu=0.006, base_mib=190),
    age=timedelta(days=1400),
    tags={"team": "unknown"},
)

RECOMMENDER = DemoService(
    id=_in(SHOP, VIRGINIA, "prod/recommender"),
    why="two containers in one task, with limits of their own that a smaller task must still hold",
    setup=Setup(
        size=TaskSize.of(vcpu=2, gib=4),
        desired=9,
        minimum=6,
        maximum=24,
        policies=(TargetTracking(metric="cpu", target=50, scale_out_cooldown=60),),
    ),
    work=Work(trace="crane-9", peak_vcpu=13, base_mib=1350, mib_per_vcpu=240),
    containers=(("app", 1536, 3072), ("envoy", 512, 512)),
    load_balanced=True,
    tags={"team": "search", "environment": "production"},
)

ORDERS_WORKER = DemoService(
    id=_in(SHOP, VIRGINIA, "prod/orders-worker"),
    why="step scaling, with alarms of its own",
    setup=Setup(
        size=TaskSize.of(vcpu=0.5, gib=1),
        desired=6,
        minimum=2,
        maximum=30,
        policies=(
            StepScaling(metric="cpu", direction="out", threshold=70, steps=((0, 15, 1), (15, None, 3))),
            StepScaling(metric="cpu", direction="in", threshold=40, points=10, steps=((None, 0, -1),)),
        ),
    ),
    work=Work(trace="crane-14", peak_vcpu=5, base_mib=330, mib_per_vcpu=260),
    tags={"team": "orders", "environment": "production"},
)

SEARCH = DemoService(
    id=_in(SHOP, VIRGINIA, "prod/search"),
    why="deployed with a new size in mid-history, six days ago",
    setup=Setup(size=TaskSize.of(vcpu=2, gib=4), desired=4),
    work=Work(trace="crane-12", peak_vcpu=2.9, base_mib=1500, mib_per_vcpu=700),
    resize=Resize(before=TaskSize.of(vcpu=1, gib=4), ago=timedelta(days=6, hours=3, minutes=17)),
    load_balanced=True,
    tags={"team": "search", "environment": "production"},
)

STOREFRONT_EU = DemoService(
    id=_in(SHOP, IRELAND, "prod-eu/storefront-api"),
    why="on ARM64, where other prices hold",
    setup=Setup(
        size=TaskSize.of(vcpu=1, gib=2),
        architecture="ARM64",
        desired=6,
        minimum=4,
        maximum=30,
        policies=(TargetTracking(metric="cpu", target=55),),
    ),
    work=Work(trace="crane-13", peak_vcpu=8, base_mib=640, mib_per_vcpu=380),
    load_balanced=True,
    tags={"team": "storefront", "environment": "production"},
)

NOTIFICATIONS = DemoService(
    id=_in(SHOP, IRELAND, "prod-eu/notifications"),
    why="one task on FARGATE, the rest three to one on FARGATE_SPOT, so `launchType` is absent",
    setup=Setup(
        size=TaskSize.of(vcpu=0.5, gib=1),
        capacity=(
            CapacityShare(provider="FARGATE", base=1, weight=1),
            CapacityShare(provider="FARGATE_SPOT", base=0, weight=3),
        ),
        desired=4,
        minimum=2,
        maximum=20,
        policies=(TargetTracking(metric="cpu", target=65, scale_in_cooldown=600),),
    ),
    work=Work(trace="functions-evening", peak_vcpu=4, base_mib=260, mib_per_vcpu=300),
    tags={"team": "messaging", "environment": "production"},
)

PRICE_FEED = DemoService(
    id=_in(SHOP, IRELAND, "prod-eu/price-feed"),
    why="owned by CloudFormation, as its tags say: a change belongs into the template",
    setup=Setup(size=TaskSize.of(vcpu=1, gib=2), desired=3),
    work=Work(trace="nab-ec2", peak_vcpu=0.55, base_mib=410, mib_per_vcpu=200),
    tags={
        "team": "pricing",
        "aws:cloudformation:stack-name": "price-feed-production",
        "aws:cloudformation:logical-id": "Service",
        "aws:cloudformation:stack-id": f"arn:aws:cloudformation:{IRELAND}:{SHOP}:stack/price-feed-production/1f2e",
    },
)

SESSIONS = DemoService(
    id=_in(SHOP, IRELAND, "prod-eu/sessions"),
    why="a plain one, with a meter that was silent for an hour and a half",
    setup=Setup(size=TaskSize.of(vcpu=0.5, gib=2), desired=2),
    work=Work(trace="nab-rds", peak_vcpu=0.3, base_mib=1120, mib_per_vcpu=150, blind_minutes=90),
    tags={"team": "identity", "environment": "production"},
)

NIGHTLY_ETL = DemoService(
    id=_in(DATA, VIRGINIA, "data/nightly-etl"),
    why="a nightly batch: scheduled actions start it before eleven and send it to zero after two",
    setup=Setup(
        size=TaskSize.of(vcpu=4, gib=16),
        ephemeral_gib=50,
        desired=0,
        minimum=0,
        maximum=0,
        schedule=(
            ScheduledAction(expression="cron(45 22 * * ? *)", minimum=4, maximum=4),
            ScheduledAction(expression="cron(10 2 * * ? *)", minimum=0, maximum=0),
        ),
    ),
    work=Work(trace="bitbrains-871", peak_vcpu=7, base_mib=2400, mib_per_vcpu=900),
    tags={"team": "data"},
)

INGEST = DemoService(
    id=_in(DATA, VIRGINIA, "data/ingest"),
    why="told to report every 20 seconds, so that SampleCount is three times the task count",
    setup=Setup(
        size=TaskSize.of(vcpu=1, gib=3),
        desired=8,
        minimum=3,
        maximum=16,
        policies=(TargetTracking(metric="cpu", target=60, scale_out_cooldown=120, scale_in_cooldown=300),),
    ),
    work=Work(trace="crane-15", peak_vcpu=7, base_mib=850, mib_per_vcpu=500),
    resolution_seconds=20,
    tags={"team": "data"},
)

FEATURE_STORE = DemoService(
    id=_in(DATA, VIRGINIA, "data/feature-store"),
    why="a plain one; CPU is an Azure machine's and memory a Google task's, which never met",
    setup=Setup(size=TaskSize.of(vcpu=1, gib=4), desired=5),
    work=Work(trace="azure-vm-6", peak_vcpu=1.4, memory_trace="google-75", memory_scale=0.55),
    tags={"team": "data"},
)

MLFLOW = DemoService(
    id=_in(DATA, IRELAND, "lab/mlflow"),
    why="a plain one whose tags are hostile: formulas, markup, a line separator, right-to-left letters",
    setup=Setup(size=TaskSize.of(vcpu=1, gib=4), desired=1),
    work=Work(trace="azure-vm-0", peak_vcpu=0.22, base_mib=1270, mib_per_vcpu=300),
    tags={
        "team": "=1+1",
        "note": "<script>alert('lab')</script> | **bold** [x](javascript:alert(1))",
        "owner": "@lab\u2028second line",
        "contact": "-2+3 \u05de\u05e2\u05d1\u05d3\u05d4",
    },
)

WWW_ARCHIVE = DemoService(
    id=_in(DATA, IRELAND, "lab/www-archive"),
    why="tracks requests per target of its load balancer",
    setup=Setup(
        size=TaskSize.of(vcpu=0.25, gib=0.5),
        desired=2,
        minimum=1,
        maximum=8,
        policies=(TargetTracking(metric="requests", target=60),),
    ),
    work=Work(trace="nasa-www", peak_vcpu=0.5, base_mib=150, mib_per_vcpu=200, requests=True),
    load_balanced=True,
    tags={"team": "lab"},
)

SERVICES: tuple[DemoService, ...] = (
    STOREFRONT_API,
    CHECKOUT,
    CATALOG_CACHE,
    MEDIA_ENCODER,
    LEGACY_SOAP,
    RECOMMENDER,
    ORDERS_WORKER,
    SEARCH,
    STOREFRONT_EU,
    NOTIFICATIONS,
    PRICE_FEED,
    SESSIONS,
    NIGHTLY_ETL,
    INGEST,
    FEATURE_STORE,
    MLFLOW,
    WWW_ARCHIVE,
)

# Not covered, and therefore to be listed: a service on EC2, and a task that a schedule starts.
ON_EC2 = _in(SHOP, VIRGINIA, "prod/warehouse-agent")
STANDALONE = _in(DATA, VIRGINIA, "data/hourly-report")
