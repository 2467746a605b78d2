// SPDX-License-Identifier: Apache-2.0
// A server of made-up data with the same contract as fettle-server: `npm run dev`, and the console's test of size.
//   node dev/mock.mjs [PORT] [HOSTS]      any token logs in; dist/ is served with the server's policy for content
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assess, exported, getHead, listLeaves, trend } from './assess.mjs';
import {
  blobs,
  channels,
  detail,
  history,
  makeFleet,
  motd,
  packageChangesOf,
  packagesOf,
  revisions,
} from './data.mjs';

const port = Number(process.argv[2] ?? 7480);
const fleet = makeFleet(Number(process.argv[3] ?? 10_000));
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const streams = new Set();

// A little of the filter language: a pattern of names, or `field == "value"` and `name in [...]` joined by "and".
function fits(filter) {
  const text = (filter ?? '').trim();
  const pattern = glob => new RegExp(`^${glob.replace(/[.+^${}()|\\]/g, '\\$&').replace(/\*/g, '.*')}$`);
  if (/^[\w.*-]*$/.test(text)) return host => text === '' || pattern(text).test(host.name);
  const terms = text.split(/\s+and\s+/).map(term => {
    const match = /^([\w.]+)\s*(==|~|in)\s*(.+)$/.exec(term);
    if (!match) throw new Error(`filter, column 1: a field is missing\n  ${text}\n  ^`);
    const values = [...match[3].matchAll(/"([^"]*)"|([\w*.-]+)/g)].map(one => one[1] ?? one[2]);
    const read = host =>
      match[1].startsWith('labels.') ? host.labels[match[1].slice(7)] : (host[match[1]] ?? '');
    return host =>
      values.some(value => (match[2] === '~' ? pattern(value).test(read(host)) : read(host) === value));
  });
  return host => terms.every(term => term(host));
}

const filtered = (list, request) => {
  const names = request.filter
    ? new Set(fleet.hosts.filter(fits(request.filter)).map(one => one.name))
    : null;
  return list.filter(one => !names || names.has(one.host)).slice(0, request.most || 200);
};

const methods = {
  'Fleet/ListHosts': request => ({ hosts: fleet.hosts.filter(fits(request.filter)) }),
  'Fleet/GetHost': request => detail(fleet, request.name),
  'History/Drift': request => ({
    records: filtered(
      fleet.drift.filter(one =>
        request.sinceUs ? one.seenUs >= request.sinceUs : one.outcome === 'DRIFT_OPEN',
      ),
      request,
    ),
  }),
  'History/DriftCounts': request => {
    const list = filtered(fleet.drift, { filter: request.filter, most: Infinity });
    const within = (at, i) => Number(at) >= request.atUs[i] && Number(at) < request.atUs[i + 1];
    const count = test => list.filter(test).length || undefined;
    return {
      counts: request.atUs.slice(0, -1).map((fromUs, i) => ({
        fromUs,
        opened: count(one => within(one.seenUs, i)),
        closed: count(one => one.endedUs && within(one.endedUs, i)),
        open: count(
          one => one.seenUs < request.atUs[i + 1] && (!one.endedUs || one.endedUs >= request.atUs[i + 1]),
        ),
      })),
    };
  },
  'History/Runs': request => ({ runs: filtered(fleet.runs, request) }),
  'History/HostHistory': request => ({ spans: history(fleet, request.host) }),
  'History/Packages': request => ({
    packages: fleet.hosts.filter(fits(request.filter)).flatMap(host => packagesOf(host.name)),
  }),
  'History/PackageChanges': request => ({
    changes: fleet.hosts
      .filter(fits(request.filter))
      .flatMap(host => packageChangesOf(host.name))
      .filter(one => Number(one.timeUs) >= Number(request.sinceUs ?? 0)),
  }),
  'Policy/ListRevisions': () => ({ revisions }),
  'Policy/GetRevision': request =>
    revisions.find(
      one => one.name === request.name || Buffer.from(one.id, 'base64').toString('hex') === request.name,
    ),
  'Policy/ListChannels': () => ({ channels }),
  'Compliance/Assess': request => assess(fleet.hosts.filter(fits(request.filter)), request),
  'Compliance/Trend': request => trend(fleet.hosts.filter(fits(request.filter)), request),
  'Evidence/ListLeaves': listLeaves,
  'Evidence/GetHead': getHead,
  'Evidence/ProveConsistency': () => ({}), // Its log never grows.
};

function answer(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

function envelope(flags, body) {
  const text = Buffer.from(JSON.stringify(body));
  const head = Buffer.alloc(5, 0);
  head[0] = flags;
  head.writeUInt32BE(text.length, 1);
  return Buffer.concat([head, text]);
}

async function sendBlobs(request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  response.writeHead(200, { 'Content-Type': 'application/connect+json' });
  for (const digest of JSON.parse(Buffer.concat(parts).subarray(5)).digests) {
    const data = blobs.get(Buffer.from(digest, 'base64').toString('hex'));
    if (data) response.write(envelope(0, { digest, data: data.toString('base64'), last: true }));
  }
  response.end(envelope(2, {}));
}

function sendEvidence(response) {
  response.writeHead(200, { 'Content-Type': 'application/connect+json' });
  response.write(envelope(0, { data: Buffer.from(exported()).toString('base64') }));
  response.end(envelope(2, {}));
}

async function call(request, response, method) {
  let text = '';
  for await (const part of request) text += part;
  if (!methods[method])
    return answer(response, 404, { code: 'unimplemented', message: `no method ${method}` });
  try {
    const body = methods[method](JSON.parse(text));
    return body
      ? answer(response, 200, body)
      : answer(response, 404, { code: 'not_found', message: 'no such thing' });
  } catch (error) {
    return answer(response, 400, { code: 'invalid_argument', message: error.message });
  }
}

function session(request, response) {
  const known = /fettle=1/.test(request.headers.cookie ?? '');
  if (request.method === 'POST')
    response.setHeader('Set-Cookie', 'fettle=1; HttpOnly; SameSite=Strict; Path=/');
  if (request.method === 'DELETE') response.setHeader('Set-Cookie', 'fettle=; Max-Age=0; Path=/');
  if (request.method === 'GET' && !known)
    return answer(response, 401, { code: 'unauthenticated', message: 'log in' });
  return answer(response, 200, {
    user: 'ann',
    role: 'admin',
    expiresUs: String((Date.now() + 3.6e6) * 1000),
  });
}

function events(response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write(': hello\n\n');
  streams.add(response);
  response.on('close', () => streams.delete(response));
}

async function file(request, response) {
  const path = normalize(new URL(request.url, 'http://x').pathname).replace(/\/$/, '/index.html');
  try {
    const body = await readFile(join(dist, path));
    response.writeHead(200, {
      'Content-Type': types[extname(path)] ?? 'application/octet-stream',
      'Content-Security-Policy':
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    });
    response.end(body);
  } catch {
    answer(response, 404, { code: 'not_found', message: 'no such file' });
  }
}

createServer((request, response) => {
  const method = /^\/fettle\.v1\.(\w+\/\w+)$/.exec(request.url)?.[1];
  if (method === 'Policy/GetBlobs') void sendBlobs(request, response);
  else if (method === 'Evidence/Export') sendEvidence(response);
  else if (method) void call(request, response, method);
  else if (request.url === '/session') session(request, response);
  else if (request.url === '/events') events(response);
  else void file(request, response);
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port} with ${fleet.hosts.length} hosts`));

// Every few seconds a host in order drifts.
setInterval(() => {
  const host = fleet.hosts.find(
    one => !one.openDrift && one.presence === 'PRESENCE_CONNECTED' && !one.counts.failed,
  );
  if (!host) return;
  host.openDrift = 1;
  host.counts.drifted = 1;
  fleet.drift.unshift({
    host: host.name,
    ...motd,
    outcome: 'DRIFT_OPEN',
    seenUs: String(Date.now() * 1000),
    revision: 'r42',
  });
  for (const stream of streams) {
    stream.write(`event: changed\ndata: ${JSON.stringify({ kind: 'drift', host: host.name })}\n\n`);
  }
}, 4000);
