// SPDX-License-Identifier: Apache-2.0
// How hosts stand to controls: words, cells of the map of hosts by controls, and tables for spreadsheets.
import type {
  AssessResponse,
  ControlFinding,
  ControlSummary,
  HostSummary,
  Verdict,
  VerdictCounts,
} from '../api/types';
import { toMs } from './time';

export const verdictText: Record<Verdict, string> = {
  VERDICT_NOT_COMPLIANT: 'not compliant',
  VERDICT_WAIVED: 'waived',
  VERDICT_UNKNOWN: 'unknown',
  VERDICT_COMPLIANT: 'compliant',
  VERDICT_NOT_APPLICABLE: 'not applicable',
};

export const countsInOrder = [
  ['notCompliant', 'not compliant'],
  ['unknown', 'unknown'],
  ['waived', 'waived'],
  ['compliant', 'compliant'],
  ['notApplicable', 'not applicable'],
] as const;

export const applies = (counts: VerdictCounts | undefined): number =>
  (counts?.compliant ?? 0) + (counts?.notCompliant ?? 0) + (counts?.waived ?? 0) + (counts?.unknown ?? 0);

// "75.0 %"; nothing is right or wrong where nothing applies. Never rounded up to 100.
export function scoreText(counts: VerdictCounts | undefined): string {
  if (applies(counts) === 0) return 'nothing applies';
  return `${(Math.floor((counts?.score ?? 0) * 1000) / 10).toFixed(1)} %`;
}

export function frameworksOf(controls: readonly ControlSummary[]): string[] {
  return [...new Set(controls.flatMap(one => (one.frameworks ?? []).map(map => map.framework ?? '')))].sort();
}

const severities = ['critical', 'high', 'medium', 'low'];
const rank = (one: ControlSummary) => {
  const at = severities.indexOf(one.severity ?? '');
  return at < 0 ? severities.length : at;
};
const off = (counts: VerdictCounts | undefined) => (counts?.notCompliant ?? 0) + (counts?.unknown ?? 0);

// What is off first; of these the most severe first.
export function sortControls(controls: readonly ControlSummary[]): ControlSummary[] {
  return [...controls].sort(
    (a, b) =>
      Number(off(b.hosts) > 0) - Number(off(a.hosts) > 0) ||
      rank(a) - rank(b) ||
      off(b.hosts) - off(a.hosts) ||
      ((a.id ?? '') < (b.id ?? '') ? -1 : 1),
  );
}

export function sortHosts(hosts: readonly HostSummary[]): HostSummary[] {
  return [...hosts].sort(
    (a, b) => off(b.controls) - off(a.controls) || ((a.host ?? '') < (b.host ?? '') ? -1 : 1),
  );
}

// How every host stands to every control, as far as the findings say it: the server lists findings of what is
// compliant only when it is asked for all of them, and no more than so many in their order.
export class Cells {
  private readonly found = new Map<string, Map<string, ControlFinding>>();
  private readonly last: readonly [string, string] | null;

  constructor(
    { findings = [], findingsCut = false }: AssessResponse,
    private readonly all: boolean, // Asked for what is compliant, too.
  ) {
    for (const one of findings) {
      const control = one.control ?? '';
      let hosts = this.found.get(control);
      if (!hosts) this.found.set(control, (hosts = new Map()));
      hosts.set(one.host ?? '', one);
    }
    const end = findings[findings.length - 1];
    this.last = findingsCut && end ? [end.control ?? '', end.host ?? ''] : null;
  }

  word(host: HostSummary, control: ControlSummary): string {
    const finding = this.found.get(control.id ?? '')?.get(host.host ?? '');
    if (finding) return verdictText[finding.verdict ?? 'VERDICT_UNKNOWN'];
    const listed =
      !this.last ||
      (control.id ?? '') < this.last[0] ||
      (control.id === this.last[0] && (host.host ?? '') < this.last[1]);
    const nothingOff = off(control.hosts) + (control.hosts?.waived ?? 0) === 0;
    if (this.all && listed) return 'not applicable';
    if (!listed && !nothingOff) return 'not listed';
    if ((control.hosts?.notApplicable ?? 0) === 0 || (host.controls?.notApplicable ?? 0) === 0)
      return 'compliant';
    return (control.hosts?.compliant ?? 0) === 0 ? 'not applicable' : 'compliant or not applicable';
  }
}

// What could start a formula is quoted, as the command line does.
function field(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

const iso = (us: string | number | undefined) => (toMs(us) > 0 ? new Date(toMs(us)).toISOString() : '');

// A line a finding and piece of evidence.
export function findingsCsv({ findings = [], controls = [] }: AssessResponse): string {
  const known = new Map(controls.map(one => [one.id, one]));
  const head = [
    'control',
    'title',
    'severity',
    'host',
    'verdict',
    'resource',
    'state',
    'since',
    'position',
    'waived_until',
    'waiver_reason',
    'waiver_approver',
  ];
  const rows = findings.flatMap(one => {
    const control = known.get(one.control);
    return (one.evidence?.length ? one.evidence : [{}]).map(piece => [
      one.control ?? '',
      control?.title ?? '',
      control?.severity ?? '',
      one.host ?? '',
      verdictText[one.verdict ?? 'VERDICT_UNKNOWN'],
      piece.resource ?? '',
      piece.resource ? (piece.state ?? 'STATE_UNKNOWN').replace('STATE_', '').toLowerCase() : '',
      iso(piece.sinceUs),
      piece.position ?? '',
      iso(one.waiver?.untilUs),
      one.waiver?.reason ?? '',
      one.waiver?.approver ?? '',
    ]);
  });
  return [head, ...rows].map(row => `${row.map(field).join(',')}\r\n`).join('');
}
