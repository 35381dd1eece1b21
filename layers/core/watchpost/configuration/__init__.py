"""The configuration document: what may change without a deployment.

It lies in SSM Parameter Store as JSON. A function keeps it for five minutes, and keeps the last good one when a newer
one cannot be read or is wrong. A function that has none yet takes the newest earlier version that is right. The whole
document, with its defaults:

    services:                     # rules, the first that matches a log group counts
      - log_group: /aws/lambda/orders-*     # a glob
        name: orders
        environment: prod         # optional
        labels: {team: shop}      # optional, on every line of these log groups
        owner: team-shop          # optional, on its dashboard and its composite alarm
        runbook: https://...      # optional, likewise
    service_tags: [service, Service]        # tags of functions and log groups that name the service
    logs:
      exclude: []                 # globs of log groups that are not shipped
      retention_days: 30          # for groups that never expire; null leaves them alone
      platform: report            # which Lambda platform lines are kept: all, report (no START and END) or none
      count: true                 # publish LogLines and LogErrors for each service
      rules: []                   # what is left out, sampled and labelled, in this order
      redact: {patterns: [], custom: [], keys: []}      # what never leaves the function
      lift: []                    # application fields that become typed fields
    metrics:
      dimensions: []              # tags of metric lines that become dimensions beside Service
      report: false               # publish memory use and init duration of REPORT lines
      max_dimension_sets: 100     # of one metric and an invocation, 1 to 1,000
    subscriptions:
      default: include            # what becomes of log groups that no rule matches: include or exclude
      rules: []                   # which log groups are shipped and how, the first that matches decides
    alarms:                       # besides <kind>.<alarm>: {enabled: false} or {threshold: 5}
      overrides: []               # the same for kinds, services, resources and alarms by globs, the last counts
      composite: true             # one page for each service; false: every critical alarm pages by itself
      monthly_budget: null        # USD; the least severe alarms beyond it are left out
    notifications:
      routes: []                  # who is told of what; none: every receiver of everything
      quiet_hours: {}             # when messages wait, by names that routes use
      evidence: true              # false: messages without lines from logs
    janitor:
      mode: report                # delete removes what it otherwise only tells of
      min_age_days: 7             # younger versions of functions and layers stay, 0 to 3,650
      most: 500                   # deletions in a run, 1 to 10,000
      functions: {keep: 5, include: ["*"], exclude: []}     # newest versions of each that stay, 1 to 1,000; globs
      layers: {keep: 5, include: ["*"], exclude: []}        # likewise
      log_groups:                 # of functions that no longer exist
        mode: report              # delete, where the mode above is delete too
        min_age_days: 30          # since they were created and last written to, 0 to 3,650
        include: ["*"]            # globs of the functions' names
        exclude: []

`docs/configuration.md` explains every field.
"""

from __future__ import annotations

from watchpost.configuration.document import PLATFORM_CHOICES, parse
from watchpost.configuration.leftovers import Janitor, OrphanedGroups, Selected, Versions
from watchpost.configuration.model import (
    DAYS,
    ECS_FIELDS,
    RETENTION_DAYS,
    SEVERITIES,
    TOLD_SEVERITIES,
    AlarmOverride,
    AlarmRule,
    Alarms,
    Configuration,
    CustomPattern,
    Destination,
    GroupMatch,
    Levels,
    Lift,
    LogRule,
    Logs,
    Match,
    Notifications,
    QuietHours,
    Redact,
    Retention,
    Route,
    Sample,
    ServiceRule,
    SubscriptionRule,
    Subscriptions,
)
from watchpost.configuration.source import KEEP_SECONDS, Document, Source, _sources, current, problem, source

__all__ = [
    "DAYS",
    "ECS_FIELDS",
    "KEEP_SECONDS",
    "PLATFORM_CHOICES",
    "RETENTION_DAYS",
    "SEVERITIES",
    "TOLD_SEVERITIES",
    "AlarmOverride",
    "AlarmRule",
    "Alarms",
    "Configuration",
    "CustomPattern",
    "Destination",
    "Document",
    "GroupMatch",
    "Janitor",
    "Levels",
    "Lift",
    "LogRule",
    "Logs",
    "Match",
    "Notifications",
    "OrphanedGroups",
    "QuietHours",
    "Redact",
    "Retention",
    "Route",
    "Sample",
    "Selected",
    "ServiceRule",
    "Source",
    "SubscriptionRule",
    "Subscriptions",
    "Versions",
    "_sources",
    "current",
    "parse",
    "problem",
    "source",
]
