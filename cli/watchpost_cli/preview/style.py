"""How the page looks, in light and in dark: all of its colours are variables."""

from __future__ import annotations

STYLE = """\
:root {
  color-scheme: light dark;
  --page: #f2f4f7; --card: #ffffff; --ink: #16191f; --muted: #5b6573; --grid: #e3e7ec; --edge: #dde2e8;
  --link: #0b61c2;
  --critical: #c4320a; --warning: #b36b00; --good: #1a7f4b; --alarm-back: #fdecea; --good-back: #eaf6ef;
  --code: #f6f8fa;
  --line0: #1f77b4; --line1: #d9730d; --line2: #2f8f4e; --line3: #8a4fc7; --line4: #c2417c; --line5: #7a5c3e;
  --line6: #0f8b9d; --line7: #8a8d00; --line8: #5a6bd8; --line9: #a33b3b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f141b; --card: #171e27; --ink: #e6eaf0; --muted: #9aa7b6; --grid: #2a3440; --edge: #28313c;
    --link: #79b8ff;
    --critical: #ff7a66; --warning: #f5b041; --good: #56d08b; --alarm-back: #3b1d1c; --good-back: #16302a;
    --code: #10161d;
    --line0: #63b3ed; --line1: #f6ad55; --line2: #68d391; --line3: #b794f4; --line4: #f687b3; --line5: #cbb092;
    --line6: #4fd1d9; --line7: #d6d74f; --line8: #98a6ff; --line9: #fc8f8f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 16px; background: var(--page); color: var(--ink);
  font: 14px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
a { color: var(--link); text-decoration: none; }
a:hover, a:focus { text-decoration: underline; }
header { display: flex; flex-wrap: wrap; gap: 4px 20px; align-items: baseline; }
header h1 { margin: 0; font-size: 20px; }
header p, .about { margin: 0; color: var(--muted); }
nav ul { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0; padding: 0; list-style: none; }
.dashboard { margin-top: 28px; }
.dashboard > h2 { margin: 0; font-size: 17px; }
.about { margin-bottom: 10px; font-size: 12.5px; }
.grid { display: grid; grid-template-columns: repeat(24, minmax(0, 1fr)); grid-auto-rows: 46px; gap: 6px; }
.widget {
  grid-column: var(--x) / span var(--w); grid-row: var(--y) / span var(--h);
  display: flex; flex-direction: column; min-width: 0; overflow: auto; scrollbar-width: thin; padding: 8px 12px;
  background: var(--card); border: 1px solid var(--edge); border-radius: 6px;
}
.widget h3 {
  display: flex; flex: none; gap: 8px; align-items: baseline; margin: 0 0 6px; font-size: 13px; font-weight: 650;
  line-height: 20px;
}
.widget h3 small { margin-left: auto; color: var(--muted); font-size: 11px; font-weight: 400; white-space: nowrap; }
.metric { overflow: hidden; }
.metric h3 { white-space: nowrap; overflow: hidden; }
.text { justify-content: center; padding: 4px 12px; overflow-wrap: anywhere; }
.text > * { margin: 2px 0; }
.text h1 { font-size: 22px; line-height: 1.25; }
.text h2 { font-size: 16px; line-height: 1.25; }
.text h3 { display: block; font-size: 16px; }
.text h2 a { font-size: 12.5px; font-weight: 400; }
.text code { padding: 0 4px; background: var(--code); border-radius: 3px; font-size: 12px; }
.text table { border-collapse: collapse; }
.text td, .text th { padding: 2px 12px 2px 0; text-align: left; }
figure { flex: none; margin: 0; }
figure svg { display: block; width: 100%; height: auto; }
svg text { font-family: inherit; }
.legend {
  display: flex; flex-wrap: wrap; align-content: flex-start; gap: 1px 14px; min-height: 0; margin: 4px 0 0; padding: 0;
  overflow: auto; scrollbar-width: thin; list-style: none; font-size: 11.5px; line-height: 18px;
}
.legend li { display: flex; gap: 5px; align-items: center; min-width: 0; max-width: 100%; }
.legend span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.legend b { font-weight: 600; white-space: nowrap; }
.legend i { flex: none; width: 10px; height: 10px; border-radius: 2px; }
.legend .mark { height: 0; border-top: 2px dashed var(--muted); border-radius: 0; }
.legend .mark.critical { border-color: var(--critical); }
.legend .mark.warning { border-color: var(--warning); }
.none { margin: auto; color: var(--muted); text-align: center; }
.trouble { color: var(--critical); }
.states {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 6px; margin: 0; padding: 0;
  list-style: none;
}
.states li {
  display: grid; grid-template-columns: 1fr auto; gap: 0 8px; padding: 3px 9px; border: 1px solid var(--edge);
  border-left: 4px solid var(--muted); border-radius: 4px; font-size: 12px; line-height: 16px;
}
.states b, .states span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.states span { grid-row: 2; grid-column: 1 / -1; color: var(--muted); font-size: 11px; }
.states em { color: var(--muted); font-style: normal; font-size: 11px; }
.states .ok { border-left-color: var(--good); background: var(--good-back); }
.states .ok em { color: var(--good); }
.states .alarm { border-color: var(--critical); background: var(--alarm-back); }
.states .alarm em { color: var(--critical); font-weight: 700; }
.states .unknown { border-style: dashed; }
.figures { display: flex; gap: 12px; flex: 1; min-height: 0; margin: 0; padding: 0; list-style: none; }
.figures li { flex: 1; min-width: 0; }
.figures b { font-size: 24px; line-height: 1.1; margin-right: 6px; }
.figures span { color: var(--muted); font-size: 12px; }
.figures svg { display: block; width: 100%; height: auto; margin-top: 4px; }
pre {
  flex: 1; margin: 0; padding: 10px; overflow: auto; background: var(--code); border-radius: 4px;
  font: 12px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre-wrap;
  overflow-wrap: anywhere;
}
@media (max-width: 1000px) {
  .grid { grid-auto-rows: auto; }
  .widget { grid-column: span 24; grid-row: auto; }
  .widget.small { grid-column: span 12; }
  .states { grid-template-columns: repeat(auto-fill, minmax(160px, 1fr)); }
}
@media (max-width: 480px) { .widget.small { grid-column: span 24; } }
"""
