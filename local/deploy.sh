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
#   KIBANA_URL          none
#   KIBANA_SPACE        default
#   KIBANA_SECRET       none: ARN of a secret
#   NOTIFICATION_EMAIL  none
#   ELASTICSEARCH_COMPRESSION   none or gzip
#   SHIPPER_DEPLOYMENT  AllAtOnce, Canary10Percent5Minutes, Linear10PercentEvery1Minute …
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
  "ShipperDeployment=${SHIPPER_DEPLOYMENT:-AllAtOnce}"
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
