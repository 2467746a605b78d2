// SPDX-License-Identifier: Apache-2.0
// A made-up fleet for developing the console: the same for the same number of hosts.
import { createHash } from 'node:crypto';

const DAY = 86_400_000;
const us = ms => String(Math.round(ms) * 1000);

function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const roles = ['web', 'web', 'web', 'db', 'cache', 'mail', 'batch'];
const sites = ['ams', 'fra', 'hel'];
const systems = ['debian 12', 'debian 12', 'debian 12', 'debian 11', 'ubuntu 24.04'];

const sha = text => createHash('sha256').update(text).digest('hex');
export const blobs = new Map();
const keep = text => {
  blobs.set(sha(text), Buffer.from(text));
  return sha(text);
};
// The manifest's digest of the tree of revision n.
function treeOf(n) {
  const files = {
    'fleet.lua': 'include "web"\n',
    'recipes/web/init.lua': `package "nginx-light"\nfile "/etc/nginx/workers" { content = "${n}\\n" }\nservice "nginx" { running = true }\n`,
    ...(n % 2 ? { 'recipes/web/odd.lua': '-- only in odd ones: <script>alert(1)</script>\n' } : {}),
  };
  const lines = Object.entries(files).map(([path, text]) => `${keep(text)} ${text.length} - ${path}\n`);
  return Buffer.from(keep(lines.join('')), 'hex').toString('base64');
}

export const revisions = Array.from({ length: 42 }, (_, i) => ({
  name: `r${42 - i}`,
  id: Buffer.from(`revision ${42 - i}`.padEnd(32, '.')).toString('base64'),
  tree: treeOf(42 - i),
  parent: i === 41 ? '' : Buffer.from(`revision ${41 - i}`.padEnd(32, '.')).toString('base64'),
  author: ['ann@example.org', 'ben@example.org'][i % 2],
  message: ['nginx: four workers', 'sshd: no passwords', 'base: time zone', 'db: tune memory'][i % 4],
  createdUs: us(Date.now() - i * DAY - 60_000),
  publishedUs: us(Date.now() - i * DAY),
  publishedBy: 'ann',
  signedBy: i === 5 ? '' : 'SHA256:6yA1 ann@laptop',
  statement: `fettle revision 1\ntree ${'ab'.repeat(32)}\nauthor ann@example.org\n\nnginx: four workers\n`,
  signature: '-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ…\n-----END SSH SIGNATURE-----\n',
  channels: i === 0 ? ['production'] : i === 1 ? ['staging'] : [],
  hosts: i === 0 ? 9000 : i === 1 ? 800 : 0,
}));

export const channels = [
  {
    name: 'production',
    revision: 'r42',
    changedUs: us(Date.now() - 3_600_000),
    changedBy: 'ann',
    hosts: 9100,
  },
  { name: 'staging', revision: 'r41', changedUs: us(Date.now() - DAY), changedBy: 'ben', hosts: 900 },
];

export const motd = {
  id: 'file:/etc/motd',
  differences: [
    {
      attribute: 'content',
      current: 'hello\nby hand\nbye\n',
      desired: 'hello\nbye\n',
      diff: '@@ -1,3 +1,2 @@\n hello\n-by hand\n bye\n',
    },
    { attribute: 'mode', current: '0666', desired: '0644' },
  ],
  position: 'recipes/base/init.lua:12',
  actor: {
    certainty: 'CERTAIN',
    pid: '4711',
    executable: '/usr/bin/vim',
    command: 'vim /etc/motd',
    user: 'root',
    login: 'ann',
    sshSource: '10.0.0.3',
  },
};
const script = {
  id: 'file:/srv/<script>alert(1)</script>',
  differences: [{ attribute: 'content', current: '<img src=x onerror=alert(1)>', desired: '<b>ours</b>' }],
  position: 'recipes/odd/init.lua:3',
};

export function makeFleet(count) {
  const next = random(7);
  const drift = [];
  const runs = [];
  const now = Date.now();
  const hosts = Array.from({ length: count }, (_, i) => {
    const role = roles[Math.floor(next() * roles.length)];
    const luck = next();
    const name = `${role}${i + 1}`;
    const host = {
      name,
      presence:
        luck > 0.995 ? 'PRESENCE_NEVER_SEEN' : luck > 0.985 ? 'PRESENCE_SILENT' : 'PRESENCE_CONNECTED',
      lastSeenUs: us(now - next() * 30_000),
      channel: i % 11 === 0 ? 'staging' : 'production',
      revision: luck < 0.03 ? 'r41' : 'r42',
      assignedRevision: 'r42',
      labels: { role, site: sites[i % 3] },
      counts: { ok: 96 + (i % 7) },
      agentVersion: '0.1.0',
      lastRunUs: us(now - next() * 1_800_000),
      os: systems[i % systems.length],
      address: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
      certificateExpiresUs: us(now + 20 * DAY),
    };
    if (luck > 0.03 && luck < 0.06) {
      host.openDrift = 1;
      host.counts.drifted = 1;
      drift.push({
        host: name,
        ...(i % 5 === 0 ? script : motd),
        outcome: 'DRIFT_OPEN',
        seenUs: us(now - next() * DAY),
        revision: 'r42',
        run: `run-${i}`,
      });
    }
    if (luck > 0.06 && luck < 0.065) host.counts.failed = 1;
    if (i % 40 === 0) {
      const seen = now - next() * 6 * DAY;
      drift.push({
        host: name,
        ...motd,
        outcome: 'DRIFT_CORRECTED',
        seenUs: us(seen),
        endedUs: us(seen + 400),
        revision: 'r42',
        run: `run-${i}`,
      });
      runs.push({
        id: `run-${i}`,
        host: name,
        revision: 'r42',
        reason: 'drift of file:/etc/motd',
        enforce: true,
        partial: true,
        startedUs: us(seen),
        durationUs: '41230',
        counts: { ok: 99, changed: 1 },
      });
    }
    return host;
  });
  drift.sort((a, b) => Number(b.seenUs) - Number(a.seenUs));
  runs.sort((a, b) => Number(b.startedUs) - Number(a.startedUs));
  return { hosts, drift, runs };
}

export function detail(fleet, name, resources = 1000) {
  const host = fleet.hosts.find(one => one.name === name);
  if (!host) return null;
  const open = fleet.drift.filter(one => one.host === name && one.outcome === 'DRIFT_OPEN');
  const plain = Array.from({ length: resources }, (_, i) => ({
    id: ['file:/etc/app/conf.d/', 'package:lib', 'service:worker-'][i % 3] + i,
    state: 'STATE_OK',
    sinceUs: us(Date.now() - (i + 1) * 3_600_000),
    position: `recipes/app/init.lua:${i + 1}`,
    watching: i % 9 === 0 ? 'WATCHING_SWEEP' : 'WATCHING_EVENT',
    ...(i % 9 === 0 ? { worstUs: '1800000000', watchingWhy: 'commands tell nobody what they look at' } : {}),
  }));
  const off = open.map(one => ({
    ...one,
    state: 'STATE_DRIFTED',
    cause: 'CAUSE_DRIFT',
    sinceUs: one.seenUs,
    watching: 'WATCHING_EVENT',
  }));
  const facts = {
    hostname: name,
    arch: 'x86_64',
    os: { id: 'debian', version: '12' },
    network: { address: host.address },
  };
  return { host, factsJson: JSON.stringify(facts), resources: [...off, ...plain] };
}

// As many packages as a large system has; some came by apt, some by a run, the rest were there.
export function packagesOf(name) {
  return Array.from({ length: 3000 }, (_, i) => ({
    host: name,
    name: i === 7 ? 'lib:<b>' : `${['lib', 'python3-', 'golang-', 'tool-'][i % 4]}${i}`,
    version: `1.${i % 17}.${i % 5}-${1 + (i % 3)}`,
    architecture: i % 4 === 1 ? 'all' : 'amd64',
    sinceUs: us(Date.now() - (i % 90) * DAY - 1_000_000),
  }));
}

export function packageChangesOf(name) {
  return packagesOf(name)
    .filter((_, i) => i % 9 === 7)
    .map((one, i) => ({
      host: name,
      name: one.name,
      ...(i % 3 === 0 ? {} : { from: '1.0-1' }),
      to: one.version,
      architecture: one.architecture,
      timeUs: one.sinceUs,
      ...(i % 2 === 0
        ? { transaction: `apt-get install -y ${one.name} <i>, requested by ann (1000)` }
        : { run: `run-${i}` }),
    }))
    .sort((a, b) => Number(b.timeUs) - Number(a.timeUs));
}

export function history(fleet, name) {
  const all = detail(fleet, name, 40);
  if (!all) return [];
  const now = Date.now();
  return all.resources.flatMap((state, i) => {
    const begin = now - 20 * DAY;
    if (i % 6 !== 0 && state.state === 'STATE_OK') return [{ state, fromUs: us(begin), revision: 'r42' }];
    const from = now - (i + 1) * 1_700_000;
    return [
      { state, fromUs: us(from + 600_000), revision: 'r42' },
      {
        state: { ...state, ...motd, id: state.id, state: 'STATE_DRIFTED' },
        fromUs: us(from),
        toUs: us(from + 600_000),
        revision: 'r42',
      },
      {
        state: { ...state, state: 'STATE_OK', differences: [] },
        fromUs: us(begin),
        toUs: us(from),
        revision: 'r41',
      },
    ];
  });
}
