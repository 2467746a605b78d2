// SPDX-License-Identifier: Apache-2.0
// The evidence log: who did what, and proof, worked out in this browser, that nobody rewrote it.
import { useEffect, useRef, useState } from 'react';
import { verifyLog, type Outcome } from '../api/evidence';
import { useHead, useLeaves } from '../api/queries';
import type { GetHeadResponse, LeafRecord, ListLeavesResponse } from '../api/types';
import { forgetKept, readKept, type Kept } from '../lib/evidence/kept';
import { Refuted } from '../lib/evidence/merkle';
import { parseSpan, toMicros } from '../lib/time';
import { Answer, Choice, Empty, HostLink, Page, Time } from '../ui/bits';
import { useParam } from '../ui/place';
import { Table, type TableColumn } from '../ui/table';

const perPage = 500;

export default function EvidencePage() {
  const [span, setSpan] = useParam('since', '7d');
  const [reports, setReports] = useParam('reports');
  const [who, setWho] = useParam('who');
  const [act, setAct] = useParam('act');
  const [before, setBefore] = useParam('before', '0');
  const query = useLeaves(
    { who, act, reports: reports === '1', most: perPage, ...(before === '0' ? {} : { before }) },
    parseSpan(span),
  );
  const newest = (change: () => void) => {
    setBefore('0');
    change();
  };
  return (
    <Page title="Evidence">
      <div className="tools">
        <Choice
          label="Which time"
          value={span}
          onChange={value => newest(() => setSpan(value))}
          options={[
            ['1d', '1 day'],
            ['7d', '7 days'],
            ['30d', '30 days'],
            ['all', 'All'],
          ]}
        />
        <Pattern
          label="Who"
          example="user/ann, host/web*"
          value={who}
          set={one => newest(() => setWho(one))}
        />
        <Pattern label="Act" example="denied, publ*" value={act} set={one => newest(() => setAct(one))} />
        <label className="select">
          <input
            type="checkbox"
            checked={reports === '1'}
            onChange={event => newest(() => setReports(event.target.checked ? '1' : ''))}
          />
          Reports of hosts
        </label>
      </div>
      <Proof listed={query.data?.leaves ?? []} span={span} />
      <Answer query={query} what="the log">
        {data => <Leaves data={data} before={before} setBefore={setBefore} />}
      </Answer>
    </Page>
  );
}

interface PatternProps {
  label: string;
  example: string;
  value: string;
  set: (value: string) => void;
}

function Pattern({ label, example, value, set }: PatternProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  return (
    <form
      className="select pattern"
      onSubmit={event => {
        event.preventDefault();
        set(text.trim());
      }}
    >
      <label>
        {label}{' '}
        <input
          type="search"
          value={text}
          placeholder={example}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          onChange={event => setText(event.target.value)}
          onBlur={() => text.trim() !== value && set(text.trim())}
        />
      </label>
    </form>
  );
}

const columns: TableColumn<LeafRecord>[] = [
  { key: 'number', title: 'Leaf', className: 'number', cell: one => Number(one.number ?? 0) },
  { key: 'time', title: 'When', className: 'time', cell: one => <Time us={one.timeUs} /> },
  { key: 'who', title: 'Who', className: 'wide', cell: one => <code>{one.who}</code> },
  {
    key: 'act',
    title: 'Act',
    cell: one => <span className={one.act === 'denied' ? 'error-line' : ''}>{one.act}</span>,
  },
  {
    key: 'detail',
    title: 'What',
    className: 'roomy widest',
    cell: one => (
      <>
        {one.host && <HostLink name={one.host} />} <span title={one.detail}>{one.detail}</span>
      </>
    ),
  },
];

interface LeavesProps {
  data: ListLeavesResponse;
  before: string;
  setBefore: (before: string) => void;
}

function Leaves({ data: { leaves = [], cut }, before, setBefore }: LeavesProps) {
  if (leaves.length === 0) return <Empty title="Nothing was written down in this time" />;
  const oldest = leaves[leaves.length - 1]?.number ?? 0;
  return (
    <>
      <Table
        caption="Leaves of the evidence log"
        columns={columns}
        rows={leaves}
        rowKey={one => String(one.number ?? 0)}
      />
      <p className="tools pages">
        <button type="button" disabled={before === '0'} onClick={() => setBefore('0')}>
          Newest
        </button>
        <button type="button" disabled={!cut} onClick={() => setBefore(String(oldest))}>
          Older
        </button>
      </p>
    </>
  );
}

type Checked =
  | { kind: 'busy'; leaves: number }
  | { kind: 'holds'; outcome: Outcome }
  | { kind: 'not'; refuted: boolean; why: string };

// What was kept, or why it cannot be read.
function kept(): Kept | null | Error {
  try {
    return readKept(localStorage);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function Proof({ listed, span }: { listed: readonly LeafRecord[]; span: string }) {
  const head = useHead();
  const [checked, setChecked] = useState<Checked | null>(null);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);
  const before = kept();
  const verify = () => {
    stop.current?.abort();
    const control = (stop.current = new AbortController());
    const length = parseSpan(span);
    const since = length > 0 ? toMicros(Date.now() - length) : '0';
    const inRange = listed.filter(one => Number(one.timeUs ?? 0) >= Number(since));
    const show = (next: Checked) => control.signal.aborted || setChecked(next);
    show({ kind: 'busy', leaves: 0 });
    verifyLog(since, inRange, leaves => show({ kind: 'busy', leaves }), control.signal).then(
      outcome => show({ kind: 'holds', outcome }),
      (error: unknown) =>
        show({
          kind: 'not',
          refuted: error instanceof Refuted,
          why: error instanceof Error ? error.message : String(error),
        }),
    );
  };
  const forget = () => {
    forgetKept(localStorage);
    setChecked(null);
  };
  return (
    <section className="card proof" aria-label="Proof">
      <h2>Is it still the log that it was?</h2>
      <p>
        This browser asks for the leaves and hashes of {span === 'all' ? 'all of the log' : 'this time'}, and
        works out by itself whether they are those of the signed head, and whether the log goes on from the
        head that it kept.
      </p>
      <KeptLine kept={before} />
      <p className="tools">
        <button type="button" className="main-button" disabled={checked?.kind === 'busy'} onClick={verify}>
          Check it here
        </button>
        {checked?.kind === 'busy' && (
          <button
            type="button"
            onClick={() => {
              stop.current?.abort();
              setChecked(null);
            }}
          >
            Stop
          </button>
        )}
      </p>
      <div aria-live="polite">{checked && <Result checked={checked} />}</div>
      {(before instanceof Error || (checked?.kind === 'not' && checked.refuted && before)) && (
        <p className="tools">
          <button type="button" onClick={forget}>
            Forget what this browser kept
          </button>
          <span className="dim">Only when you know why: afterwards any log is believed.</span>
        </p>
      )}
      <Answer query={head} what="the signed head">
        {data => <Head data={data} />}
      </Answer>
    </section>
  );
}

function KeptLine({ kept: one }: { kept: Kept | null | Error }) {
  if (one instanceof Error) return <p className="notice is-failed">{one.message}</p>;
  if (!one)
    return <p className="dim">No head is kept here yet: the first that holds is believed, and kept.</p>;
  return (
    <p className="dim">
      Kept here <Time us={toMicros(one.keptMs)} />: a head of {one.head.split('\n')[1]} leaves, key{' '}
      <code>{one.key}</code>
    </p>
  );
}

function Result({ checked }: { checked: Checked }) {
  if (checked.kind === 'busy')
    return <p>Checking … {checked.leaves > 0 && `${checked.leaves.toLocaleString('en')} leaves`}</p>;
  if (checked.kind === 'not')
    return (
      <div className="problem" role="alert">
        <p className="empty-title">
          {checked.refuted ? 'The evidence log does not hold' : 'It could not be checked'}
        </p>
        <pre>{checked.why}</pre>
      </div>
    );
  const { outcome } = checked;
  const { checkpoint, older } = outcome;
  return (
    <div className="notice is-ok proven">
      <p>
        <b>It holds.</b>
      </p>
      <ul>
        <li>
          {outcome.leaves.toLocaleString('en')} of {checkpoint.size.toLocaleString('en')} leaves were looked
          into{outcome.leaves < checkpoint.size && ', the others proven as hashes'}; their root is the one of
          the head.
        </li>
        <li>{outcome.compared.toLocaleString('en')} of them are listed below, each as it is in the log.</li>
        <li>
          {checkpoint.signatureChecked
            ? 'The head is signed by the key of the log (Ed25519).'
            : 'The signature of the head was NOT checked: this browser has no Ed25519. Use `fettle audit verify`.'}
        </li>
        <li>
          {older ? (
            <>
              The head of {older.size.toLocaleString('en')} leaves, kept{' '}
              <Time us={toMicros(outcome.olderMs)} />, is the beginning of this one.
            </>
          ) : (
            'No older head was kept: the next time will compare with this one. Compare the key with `fettle audit key`.'
          )}
        </li>
        {outcome.signedReports > 0 && (
          <li>{outcome.signedReports} batches of reports are signed by their hosts.</li>
        )}
        {outcome.unsignedReports > 0 && (
          <li>
            {outcome.unsignedReports} batches of reports are the server's word:{' '}
            {checkpoint.signatureChecked
              ? 'their hosts do not sign them'
              : 'signatures of hosts were not checked'}
            .
          </li>
        )}
        {outcome.withoutContent > 0 && (
          <li>
            The content of {outcome.withoutContent} batches is gone with its history; their digests stay.
          </li>
        )}
      </ul>
    </div>
  );
}

function Head({ data }: { data: GetHeadResponse }) {
  return (
    <details>
      <summary>The signed head as of now, to be kept where the server cannot change it</summary>
      <pre className="statement">{data.head}</pre>
      <p>
        Key <code>{data.key}</code>
      </p>
    </details>
  );
}
