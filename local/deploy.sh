#!/bin/sh
# Builds for Lambda and deploys with the credentials of your AWS tools.
#   ELASTICSEARCH_URL   required: https://host:port, without credentials
#   STACK               watchpost
#   ENVIRONMENT         dev
#   PYTHON_RUNTIME      python3.14
#   ARCHITECTURE        arm64
#   METRIC_NAMESPACE    Watchpost
#   DELIVERY            direct, kinesis or drain
#   STREAM_SHARDS       0: as many as it takes
#   SUBSCRIPTION_SCOPE  groups or account
#   DESTINATION_ROLES   none: ARNs with commas between them
#   SOURCE_ACCOUNTS     none: numbers of accounts with commas between them
#   SOURCE_ORGANIZATION none: o-...
#   LOG_DESTINATION_ARN none: ARN of a destination in another account
#   SUBNET_IDS          none: private subnets with commas between them, together with
#   SECURITY_GROUP_IDS  none: likewise
#   WATCHPOST_PROXY     none: http://host:port, for the functions (HTTPS_PROXY is your own shell's)
#   WATCHPOST_NO_PROXY  none: hosts and endings of hosts with commas between them
#   JANITOR_DELETES     no or yes
#   KIBANA_URL          none
#   KIBANA_SPACE        default
#   KIBANA_SECRET       none: ARN of a secret
#   NOTIFICATION_EMAIL  none
#   ELASTICSEARCH_COMPRESSION   none or gzip
#   TRACING             PassThrough or Active
#   SHIPPER_DEPLOYMENT  AllAtOnce, Canary10Percent5Minutes, Linear10PercentEvery1Minute …
#   CANARY              on or off
set -eu
if [ -z "${ELASTICSEARCH_URL:-}" ]; then
  echo "watchpost: ELASTICSEARCH_URL is not set. Run: make deploy ELASTICSEARCH_URL=https://host:port" >&2
  exit 1
fi
stack=${STACK:-watchpost}
runtime=${PYTHON_RUNTIME:-python3.14}
architecture=${ARCHITECTURE:-arm64}
PYTHON=$(cd "$(dirname "$PYTHON")" && pwd)/$(basename "$PYTHON")
export PYTHON WATCHPOST_PYTHON="${runtime#python}" WATCHPOST_ARCHITECTURE="$architecture" SAM_CLI_TELEMETRY=0
set -- --parameter-overrides \
  "ElasticsearchUrl=$ELASTICSEARCH_URL" "Environment=${ENVIRONMENT:-dev}" \
  "PythonRuntime=$runtime" "Architecture=$architecture" "MetricNamespace=${METRIC_NAMESPACE:-Watchpost}" \
  "Delivery=${DELIVERY:-direct}" "StreamShards=${STREAM_SHARDS:-0}" \
  "ElasticsearchCompression=${ELASTICSEARCH_COMPRESSION:-none}" "SubscriptionScope=${SUBSCRIPTION_SCOPE:-groups}" \
  "KibanaUrl=${KIBANA_URL:-none}" "KibanaSpace=${KIBANA_SPACE:-default}" \
  "SourceAccounts=\"${SOURCE_ACCOUNTS:-}\"" "SourceOrganization=\"${SOURCE_ORGANIZATION:-}\"" \
  "LogDestinationArn=\"${LOG_DESTINATION_ARN:-}\"" \
  "SubnetIds=\"${SUBNET_IDS:-}\"" "SecurityGroupIds=\"${SECURITY_GROUP_IDS:-}\"" \
  "HttpsProxy=\"${WATCHPOST_PROXY:-}\"" "NoProxy=\"${WATCHPOST_NO_PROXY:-}\"" \
  "JanitorDeletes=${JANITOR_DELETES:-no}" "Tracing=${TRACING:-PassThrough}" \
  "ShipperDeployment=${SHIPPER_DEPLOYMENT:-AllAtOnce}" \
  "Canary=${CANARY:-on}"
if [ -n "${DESTINATION_ROLES:-}" ]; then
  set -- "$@" "DestinationRoles=$DESTINATION_ROLES"
fi
if [ -n "${KIBANA_SECRET:-}" ]; then
  set -- "$@" "KibanaSecret=$KIBANA_SECRET"
fi
if [ -n "${NOTIFICATION_EMAIL:-}" ]; then
  set -- "$@" "NotificationEmail=$NOTIFICATION_EMAIL"
fi
"$BIN/sam" build "$@"
"$BIN/sam" deploy --stack-name "$stack" "$@"
