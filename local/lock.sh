#!/bin/sh
# Locks every requirements file for all supported Pythons and processors, with hashes and without addresses.
set -eu
uv=$1
lock() { # NAME [OPTION…]
  name=$1
  shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-annotate "$@" "$name.in" --output-file "$name.txt"
}
for environment in bootstrap project emulator sam checkov; do lock "requirements/$environment"; done
# The layers get the versions that the tests run with. They suit boto3, which the Lambda runtime brings along.
for layer in core client; do lock "layers/$layer/requirements" --constraints requirements/project.txt; done
