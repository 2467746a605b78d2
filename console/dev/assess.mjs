// SPDX-License-Identifier: Apache-2.0
// Made-up compliance and evidence of a made-up fleet.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';

const verdicts = ['compliant', 'notCompliant', 'waived', 'notApplicable', 'unknown'];
const names = {
  compliant: 'VERDICT_COMPLIANT',
  notCompliant: 'VERDICT_NOT_COMPLIANT',
  waived: 'VERDICT_WAIVED',
  unknown: 'VERDICT_UNKNOWN',
};
const most = 10_000;
const frameworks = ['PCI-DSS', 'SOC 2', 'ISO 27001'];
const us = ms => String(Math.round(ms) * 1000);

export const controls = Array.from({ length: 60 }, (_, i) => ({
  id: `CIS-${1 + Math.floor(i / 10)}.${1 + (i % 10)}`,
  title: ['No root log-in by ssh', 'Passwords are long', 'Logs leave the host <b>at once</b>'][i % 3],
  description: 'So that every act has a name.',
  severity: ['high', 'medium', 'low', 'critical'][i % 4],
  frameworks: [{ framework: frameworks[i % 3], requirements: [`${i}.1`] }],
  position: `controls/cis.toml:${i * 5 + 1}`,
}));

// The same hosts at each moment, a little worse the longer ago.
export function trend(hosts, request) {
  const { counts } = assess(hosts, request);
  const last = request.atUs.length - 1;
  return {
    points: request.atUs.map((atUs, i) => {
      const worse = Math.min(counts.compliant, Math.round((counts.compliant * (last - i)) / 50));
      return {
        atUs,
        hosts: hosts.length,
        counts: scored({
          ...counts,
          compliant: counts.compliant - worse,
          notCompliant: counts.notCompliant + worse,
        }),
      };
    }),
    caveats: last > 0 ? ['labels are those of now'] : [],
  };
}

const waiverOf = id => ({
  control: id,
  hosts: 'labels.role == cache',
  reason: 'the vendor needs it',
  approver: 'ann',
  compensating: 'ticket 4711',
  untilUs: us(Date.now() + 40 * 86_400_000),
  position: 'waivers/cis.toml:1',
  revision: 'r42',
});

function verdictOf(host, h, c) {
  if (host.presence === 'PRESENCE_SILENT') return 'unknown';
  if ((h + c) % 13 === 0) return 'notApplicable';
  if ((h * 7 + c * 31) % 211 === 0) return host.labels.role === 'cache' ? 'waived' : 'notCompliant';
  return 'compliant';
}

const none = () => Object.fromEntries(verdicts.map(verdict => [verdict, 0]));
function scored(counts) {
  const applies = counts.compliant + counts.notCompliant + counts.waived + counts.unknown;
  return { ...counts, score: applies === 0 ? 1 : (counts.compliant + counts.waived) / applies };
}

export function assess(hosts, { framework = '', control = '', all = false }) {
  const chosen = controls.filter(
    one =>
      (control === '' || one.id === control) &&
      (framework === '' || one.frameworks.some(map => map.framework === framework)),
  );
  const total = none();
  const ofHost = hosts.map(none);
  const findings = [];
  let cut = false;
  const summaries = chosen.map(one => {
    const counts = none();
    const c = controls.indexOf(one);
    hosts.forEach((host, h) => {
      const verdict = verdictOf(host, h, c);
      for (const sum of [counts, total, ofHost[h]]) sum[verdict] += 1;
      if (verdict === 'notApplicable' || (verdict === 'compliant' && !all && control === '')) return;
      cut ||= findings.length === most;
      if (cut) return;
      findings.push({
        control: one.id,
        host: host.name,
        verdict: names[verdict],
        evidence: [
          {
            resource: 'file:/etc/ssh/sshd_config.d/10-root.conf',
            state: verdict === 'compliant' ? 'STATE_OK' : 'STATE_DRIFTED',
            sinceUs: us(Date.now() - 3_600_000),
            position: 'recipes/ssh/init.lua:4',
          },
        ],
        ...(verdict === 'waived' ? { waiver: waiverOf(one.id) } : {}),
      });
    });
    return { ...one, hosts: scored(counts) };
  });
  return {
    takenUs: us(Date.now()),
    counts: scored(total),
    controls: summaries,
    hosts: hosts.map((host, h) => ({ host: host.name, revision: 'r42', controls: scored(ofHost[h]) })),
    findings,
    findingsCut: cut,
    waivers: chosen.slice(0, 1).map(one => waiverOf(one.id)),
  };
}

// An evidence log of acts, signed as the server signs.
const began = Date.now();
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const sha = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const root = hashes => {
  if (hashes.length === 1) return hashes[0];
  const half = 2 ** Math.floor(Math.log2(hashes.length - 1));
  return sha(Buffer.from([1]), root(hashes.slice(0, half)), root(hashes.slice(half)));
};
const acts = Array.from({ length: 1200 }, (_, i) => ({
  act: ['publish', 'label', 'denied', 'channel set'][i % 4],
  detail: `r${i} <i>by hand</i>`,
  kind: 'act',
  time_us: Number(us(began - (1200 - i) * 60_000)),
  who: ['user/ann', 'user/ben'][i % 2],
}));
const leaves = acts.map(one => Buffer.from(JSON.stringify(one)));
const raw = Buffer.concat([
  Buffer.from([1]),
  publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
]);
const id = sha(Buffer.from('fettle/mock\n'), raw).subarray(0, 4);
const key = `fettle/mock+${id.toString('hex')}+${raw.toString('base64')}`;
const text = `fettle/mock\n${leaves.length}\n${root(leaves.map(leaf => sha(Buffer.from([0]), leaf))).toString('base64')}\ntime ${us(began)}\n`;
const signature = Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]).toString('base64');
const head = `${text}\n\u2014 fettle/mock ${signature}\n`;

export const getHead = () => ({ head, key });

export function listLeaves({ sinceUs = 0, before = 0, most: few = 200, act = '', who = '' }) {
  const fitting = acts
    .map((one, number) => ({ ...one, number: String(number), timeUs: String(one.time_us) }))
    .filter(
      one =>
        one.time_us >= Number(sinceUs) &&
        (!Number(before) || Number(one.number) < Number(before)) &&
        (act === '' || one.act === act) &&
        (who === '' || one.who === who),
    )
    .reverse();
  return {
    leaves: fitting
      .slice(0, few)
      .map(({ number, timeUs, who, act, detail }) => ({ number, timeUs, who, act, detail })),
    cut: fitting.length > few,
  };
}

// The whole log, whatever time is asked for.
export function exported() {
  const lines = [
    { format: 'fettle evidence bundle 1', head, key, range: { end: leaves.length, first: 0 } },
    ...leaves.map((leaf, number) => ({ leaf: leaf.toString('base64'), number })),
    { signature: 'AA==' },
  ];
  return lines.map(line => `${JSON.stringify(line)}\n`).join('');
}
