// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const protos = join(__dirname, '../../../proto/fettle/v1');

const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

// Message name -> its JSON field names; enum name -> its values. Nested types by their own name.
function readProtos(): { fields: Map<string, Set<string>>; values: Map<string, Set<string>> } {
  const fields = new Map<string, Set<string>>();
  const values = new Map<string, Set<string>>();
  for (const file of [
    'enrollment',
    'fleet',
    'history',
    'policy',
    'report',
    'agent',
    'compliance',
    'evidence',
  ]) {
    const open: { name: string; kind: string }[] = [];
    for (const raw of readFileSync(join(protos, `${file}.proto`), 'utf8').split('\n')) {
      const line = raw.replace(/\/\/.*/, '').trim();
      const begin = /^(message|enum|oneof|service)\s+(\w+)\s*\{/.exec(line);
      if (begin) {
        open.push({ kind: begin[1]!, name: begin[2]! });
        if (begin[1] === 'message') fields.set(begin[2]!, fields.get(begin[2]!) ?? new Set());
        if (begin[1] === 'enum') values.set(begin[2]!, values.get(begin[2]!) ?? new Set());
      }
      const inside = open[open.length - 1];
      const message = [...open].reverse().find(one => one.kind === 'message');
      const field = /^(?:repeated\s+)?(?:map<[^>]+>|[\w.]+)\s+(\w+)\s*=\s*\d+/.exec(line);
      const value = /^(\w+)\s*=\s*\d+/.exec(line);
      if (inside?.kind === 'enum' && value) values.get(inside.name)!.add(value[1]!);
      else if (message && field && inside?.kind !== 'enum') fields.get(message.name)!.add(camel(field[1]!));
      if (!begin || line.endsWith('}')) {
        for (const _ of line.match(/\}/g) ?? []) open.pop();
      }
    }
  }
  return { fields, values };
}

const source = readFileSync(join(__dirname, 'types.ts'), 'utf8');
const { fields, values } = readProtos();

test('every field of every message here is one of the protos', () => {
  const unknown: string[] = [];
  let seen = 0;
  for (const [, name, body] of source.matchAll(/export interface (\w+) \{([^}]*)\}/g)) {
    const known = fields.get(name!);
    expect(known, `message ${name}`).toBeDefined();
    for (const [, field] of body!.matchAll(/^\s*(\w+)\?:/gm)) {
      seen += 1;
      if (!known!.has(field!)) unknown.push(`${name}.${field}`);
    }
  }
  expect(unknown).toEqual([]);
  expect(seen).toBeGreaterThan(80);
});

test('every value of every enum here is one of the protos', () => {
  for (const name of ['State', 'Cause', 'Presence', 'Watching', 'DriftOutcome', 'Verdict']) {
    const body = new RegExp(`export type ${name} =([^;]*);`).exec(source)![1]!;
    const here = [...body.matchAll(/'(\w+)'/g)].map(match => match[1]!);
    expect(here.length).toBeGreaterThan(2);
    for (const value of here) expect(values.get(name), name).toContain(value);
  }
});
