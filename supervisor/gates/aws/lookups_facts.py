"""What a call would destroy or change, asked for the human who has to answer: size, items, protection, last snapshot.

Each kind of thing has its reads; a read that fails leaves its facts out, and the others stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from supervisor.gates.aws.lookups_clients import HOME_REGION, Clients, is_part
from supervisor.gates.aws.lookups_tags import error_code, plain
from supervisor.policy.irreversible import VERSIONED

Facts = tuple[tuple[str, str], ...]
Read = Callable[[], Facts]
"""One question to AWS: what it tells; raises what botocore raises."""

_MOST_LISTED: Final = 1_000
_MOST_PAGE: Final = 100


def reads_of(clients: Clients, arn: str, region: str) -> tuple[Read, ...]:
    """The reads that tell of a thing; none for a kind that is not known here. `region` is the call's."""
    parts = arn.split(":", 5)
    service, region, rest = parts[2], parts[3] or region, parts[5]
    if region in ("", "aws-global"):
        region = HOME_REGION
    if service == "s3" and not parts[3]:
        bucket, slash, key = rest.partition("/")
        return _object_reads(clients, region, bucket, key) if slash else _bucket_reads(clients, region, bucket)
    kind, name = _split(rest)
    make = _KINDS.get((service, kind))
    return make(clients, region, name, plain(arn)) if make else ()


def _split(rest: str) -> tuple[str, str]:
    at = min((at for at in (rest.find("/"), rest.find(":")) if at > 0), default=-1)
    return ("", rest) if at < 0 else (rest[:at], rest[at + 1 :])


# ── words ────────────────────────────────────────────────────────────────────────────────────────


def bytes_in_words(count: int) -> str:
    """A size as people say it: `512 bytes`, `3.1 KB`, `1.2 TB` (of 1,000)."""
    size = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000:
            return f"{count:,} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"


def _when(moment: object) -> str:
    """A time in UTC to the minute; milliseconds since 1970 as some services have it; empty for anything else."""
    if isinstance(moment, int) and not isinstance(moment, bool):
        moment = datetime.fromtimestamp(moment / 1000, UTC)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if isinstance(moment, datetime) else ""


def _switch(on: object) -> str:
    return "on" if on else "off"


def _told(*pairs: tuple[str, object]) -> Facts:
    """The pairs that say something."""
    return tuple((label, str(text)) for label, text in pairs if text not in ("", None))


def _amount(count: int, more: bool) -> str:
    return f"at least {count:,}" if more else f"{count:,}"


# ── S3 ───────────────────────────────────────────────────────────────────────────────────────────


def _keeping(clients: Clients, region: str, bucket: str) -> tuple[Read, ...]:
    def versioning() -> Facts:
        status = clients.call("s3", region, "get_bucket_versioning", Bucket=bucket).get("Status", "")
        return (VERSIONED,) if status == "Enabled" else ((VERSIONED[0], status.casefold() or "off"),)

    def lock() -> Facts:
        try:
            answer = clients.call("s3", region, "get_object_lock_configuration", Bucket=bucket)
        except Exception as error:
            if error_code(error) == "ObjectLockConfigurationNotFoundError":
                return (("object lock", "off"),)
            raise
        return (("object lock", _switch(answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled"))),)

    return versioning, lock


def _bucket_reads(clients: Clients, region: str, bucket: str) -> tuple[Read, ...]:
    def content() -> Facts:
        answer = clients.call("s3", region, "list_objects_v2", Bucket=bucket, MaxKeys=_MOST_LISTED)
        listed, more = answer.get("Contents", ()), bool(answer.get("IsTruncated"))
        size = bytes_in_words(sum(item.get("Size", 0) for item in listed))
        return ("objects", _amount(len(listed), more)), ("size", f"at least {size}" if more else size)

    return content, *_keeping(clients, region, bucket)


def _object_reads(clients: Clients, region: str, bucket: str, key: str) -> tuple[Read, ...]:
    if not key:  # what is true of all of its objects
        return _keeping(clients, region, bucket)

    def head() -> Facts:
        try:
            answer = clients.call("s3", region, "head_object", Bucket=bucket, Key=key)
        except Exception as error:
            if error_code(error) in ("404", "NoSuchKey"):
                return (("there now", "nothing"),)
            raise
        written = _when(answer.get("LastModified"))
        return (("there now", ", written ".join(filter(None, (bytes_in_words(answer["ContentLength"]), written)))),)

    return (head,)


# ── databases ────────────────────────────────────────────────────────────────────────────────────


def _snapshots(answer: Mapping[str, Any], member: str, created: str) -> Facts:
    listed = answer.get(member, ())
    last = max((item[created] for item in listed if isinstance(item.get(created), datetime)), default=None)
    count = _amount(len(listed), is_part(answer))
    return _told(("snapshots", count), ("last snapshot", _when(last)))


def _rds_instance(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def instance() -> Facts:
        found = clients.call("rds", region, "describe_db_instances", DBInstanceIdentifier=name)["DBInstances"][0]
        return _told(
            ("engine", f"{found.get('Engine', '')} {found.get('EngineVersion', '')}".strip()),
            ("size", f"{found.get('AllocatedStorage', 0):,} GB"),
            ("state", found.get("DBInstanceStatus")),
            ("deletion protection", _switch(found.get("DeletionProtection"))),
            ("automated backups", f"{found.get('BackupRetentionPeriod', 0)} days"),
        )

    def snapshots() -> Facts:
        wanted = {"DBInstanceIdentifier": name, "MaxRecords": _MOST_PAGE}
        answer = clients.call("rds", region, "describe_db_snapshots", **wanted)
        return _snapshots(answer, "DBSnapshots", "SnapshotCreateTime")

    return instance, snapshots


def _rds_cluster(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def cluster() -> Facts:
        found = clients.call("rds", region, "describe_db_clusters", DBClusterIdentifier=name)["DBClusters"][0]
        return _told(
            ("engine", f"{found.get('Engine', '')} {found.get('EngineVersion', '')}".strip()),
            ("instances", f"{len(found.get('DBClusterMembers', ())):,}"),
            ("state", found.get("Status")),
            ("deletion protection", _switch(found.get("DeletionProtection"))),
            ("automated backups", f"{found.get('BackupRetentionPeriod', 0)} days"),
        )

    def snapshots() -> Facts:
        wanted = {"DBClusterIdentifier": name, "MaxRecords": _MOST_PAGE}
        answer = clients.call("rds", region, "describe_db_cluster_snapshots", **wanted)
        return _snapshots(answer, "DBClusterSnapshots", "SnapshotCreateTime")

    return cluster, snapshots


def _rds_snapshot(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def snapshot() -> Facts:
        wanted = {"DBSnapshotIdentifier": name.removeprefix("snapshot:")}
        found = clients.call("rds", region, "describe_db_snapshots", **wanted)["DBSnapshots"][0]
        size = f"{found.get('AllocatedStorage', 0):,} GB"
        return _told(
            ("of", found.get("DBInstanceIdentifier")), ("size", size), ("made", _when(found.get("SnapshotCreateTime")))
        )

    return (snapshot,)


def _table(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    table_name = name.partition("/")[0]

    def table() -> Facts:
        found = clients.call("dynamodb", region, "describe_table", TableName=table_name)["Table"]
        return _told(
            ("items", f"{found.get('ItemCount', 0):,}"),
            ("size", bytes_in_words(found.get("TableSizeBytes", 0))),
            ("deletion protection", _switch(found.get("DeletionProtectionEnabled"))),
        )

    def backups() -> Facts:
        answer = clients.call("dynamodb", region, "describe_continuous_backups", TableName=table_name)
        found = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        return (("point-in-time recovery", _switch(found.get("PointInTimeRecoveryStatus") == "ENABLED")),)

    return table, backups


def _cache(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def cluster() -> Facts:
        found = clients.call("elasticache", region, "describe_cache_clusters", CacheClusterId=name)["CacheClusters"][0]
        return _told(
            ("engine", f"{found.get('Engine', '')} {found.get('EngineVersion', '')}".strip()),
            ("nodes", found.get("NumCacheNodes")),
            ("snapshots kept", f"{found.get('SnapshotRetentionLimit', 0)} days"),
        )

    return (cluster,)


# ── machines and code ────────────────────────────────────────────────────────────────────────────


def _instance(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def instance() -> Facts:
        groups = clients.call("ec2", region, "describe_instances", InstanceIds=[name])["Reservations"]
        found = groups[0]["Instances"][0]
        tags = {tag["Key"]: tag.get("Value", "") for tag in found.get("Tags", ())}
        return _told(
            ("name", tags.get("Name")),
            ("type", found.get("InstanceType")),
            ("state", found.get("State", {}).get("Name")),
            ("started", _when(found.get("LaunchTime"))),
        )

    def protection() -> Facts:
        wanted = {"InstanceId": name, "Attribute": "disableApiTermination"}
        found = clients.call("ec2", region, "describe_instance_attribute", **wanted)
        return (("termination protection", _switch(found.get("DisableApiTermination", {}).get("Value"))),)

    return instance, protection


def _volume(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def volume() -> Facts:
        found = clients.call("ec2", region, "describe_volumes", VolumeIds=[name])["Volumes"][0]
        on = ", ".join(item.get("InstanceId", "") for item in found.get("Attachments", ()))
        return _told(("size", f"{found.get('Size', 0):,} GB"), ("state", found.get("State")), ("attached to", on))

    def snapshots() -> Facts:
        wanted: dict[str, Any] = {"Filters": [{"Name": "volume-id", "Values": [name]}], "OwnerIds": ["self"]}
        answer = clients.call("ec2", region, "describe_snapshots", MaxResults=_MOST_LISTED, **wanted)
        return _snapshots(answer, "Snapshots", "StartTime")

    return volume, snapshots


def _ebs_snapshot(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def snapshot() -> Facts:
        found = clients.call("ec2", region, "describe_snapshots", SnapshotIds=[name])["Snapshots"][0]
        size = f"{found.get('VolumeSize', 0):,} GB"
        return _told(("of", found.get("VolumeId")), ("size", size), ("made", _when(found.get("StartTime"))))

    return (snapshot,)


def _function(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def function() -> Facts:
        found = clients.call("lambda", region, "get_function_configuration", FunctionName=name.partition(":")[0])
        size = bytes_in_words(found.get("CodeSize", 0))
        changed = str(found.get("LastModified", ""))[:16].replace("T", " ")
        return _told(("runtime", found.get("Runtime")), ("code", size), ("changed", changed))

    return (function,)


def _stack(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def stack() -> Facts:
        found = clients.call("cloudformation", region, "describe_stacks", StackName=arn)["Stacks"][0]
        protected = _switch(found.get("EnableTerminationProtection"))
        return _told(("state", found.get("StackStatus")), ("termination protection", protected))

    def resources() -> Facts:
        answer = clients.call("cloudformation", region, "list_stack_resources", StackName=arn)
        listed = answer.get("StackResourceSummaries", ())
        return (("resources", _amount(len(listed), is_part(answer))),)

    return stack, resources


# ── keys, secrets, logs, queues ──────────────────────────────────────────────────────────────────


def _key(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def key() -> Facts:
        found = clients.call("kms", region, "describe_key", KeyId=arn)["KeyMetadata"]
        return _told(
            ("state", found.get("KeyState")),
            ("for", found.get("Description")),
            ("deleted on", _when(found.get("DeletionDate"))),
        )

    return (key,)


def _secret(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def secret() -> Facts:
        found = clients.call("secretsmanager", region, "describe_secret", SecretId=arn)
        return _told(
            ("for", found.get("Description")),
            ("changed", _when(found.get("LastChangedDate"))),
            ("used", _when(found.get("LastAccessedDate"))),
            ("deleted on", _when(found.get("DeletedDate"))),
        )

    return (secret,)


def _log_group(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    group = name.partition(":")[0]

    def log_group() -> Facts:
        answer = clients.call("logs", region, "describe_log_groups", logGroupNamePrefix=group)
        found = next(item for item in answer["logGroups"] if item.get("logGroupName") == group)
        kept = found.get("retentionInDays")
        return _told(
            ("size", bytes_in_words(found.get("storedBytes", 0))),
            ("kept for", f"{kept} days" if kept else "ever"),
            ("made", _when(found.get("creationTime"))),
        )

    return (log_group,)


def _queue(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def queue() -> Facts:
        url = clients.call("sqs", region, "get_queue_url", QueueName=name)["QueueUrl"]
        wanted = ["ApproximateNumberOfMessages"]
        answer = clients.call("sqs", region, "get_queue_attributes", QueueUrl=url, AttributeNames=wanted)
        return (("messages", f"about {int(answer['Attributes'][wanted[0]]):,}"),)

    return (queue,)


def _topic(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def topic() -> Facts:
        found = clients.call("sns", region, "get_topic_attributes", TopicArn=arn)["Attributes"]
        return (("subscriptions", f"{int(found.get('SubscriptionsConfirmed', 0)):,}"),)

    return (topic,)


def _repository(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def images() -> Facts:
        answer = clients.call("ecr", region, "list_images", repositoryName=name, maxResults=_MOST_LISTED)
        return (("images", _amount(len(answer.get("imageIds", ())), is_part(answer))),)

    return (images,)


def _file_system(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def system() -> Facts:
        found = clients.call("efs", region, "describe_file_systems", FileSystemId=name)["FileSystems"][0]
        return _told(
            ("name", found.get("Name")), ("size", bytes_in_words(found.get("SizeInBytes", {}).get("Value", 0)))
        )

    return (system,)


def _role(clients: Clients, region: str, name: str, arn: str) -> tuple[Read, ...]:
    def role() -> Facts:
        found = clients.call("iam", HOME_REGION, "get_role", RoleName=name.rpartition("/")[2])["Role"]
        used = _when(found.get("RoleLastUsed", {}).get("LastUsedDate"))
        return _told(("for", found.get("Description")), ("used", used))

    return (role,)


_Make = Callable[[Clients, str, str, str], tuple[Read, ...]]
_KINDS: Final[Mapping[tuple[str, str], _Make]] = {
    ("rds", "db"): _rds_instance,
    ("rds", "cluster"): _rds_cluster,
    ("rds", "snapshot"): _rds_snapshot,
    ("dynamodb", "table"): _table,
    ("elasticache", "cluster"): _cache,
    ("ec2", "instance"): _instance,
    ("ec2", "volume"): _volume,
    ("ec2", "snapshot"): _ebs_snapshot,
    ("lambda", "function"): _function,
    ("cloudformation", "stack"): _stack,
    ("kms", "key"): _key,
    ("secretsmanager", "secret"): _secret,
    ("logs", "log-group"): _log_group,
    ("sqs", ""): _queue,
    ("sns", ""): _topic,
    ("ecr", "repository"): _repository,
    ("elasticfilesystem", "file-system"): _file_system,
    ("iam", "role"): _role,
}
