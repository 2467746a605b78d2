// SPDX-License-Identifier: Apache-2.0
// What a revision holds, and what it changes against another.
import { useMemo, useState } from 'react';
import { useBlob, useRevision, useRevisions, useTree } from '../api/queries';
import type { Revision } from '../api/types';
import { diffLines, fold } from '../lib/diff';
import { diffTrees, fromBase64, textOf, toHex, type FileChange, type TreeFile } from '../lib/tree';
import { Answer, Badge, Empty } from '../ui/bits';
import { DiffView } from '../ui/diff';
import { useParam } from '../ui/place';

export const hexOf = (base64: string | undefined): string => (base64 ? toHex(fromBase64(base64)) : '');

export function Changes({ revision }: { revision: Revision }) {
  const revisions = useRevisions();
  const [against, setAgainst] = useParam('against', hexOf(revision.parent));
  const others = (revisions.data ?? []).filter(one => one.name !== revision.name);
  return (
    <section>
      <h2>What changed</h2>
      <div className="tools">
        <label className="select">
          Against
          <select value={against} onChange={event => setAgainst(event.target.value)}>
            <option value="">nothing</option>
            {others.map(one => (
              <option key={one.name} value={hexOf(one.id)}>
                {one.name}
                {one.id === revision.parent ? ' (its parent)' : ''}
              </option>
            ))}
          </select>
        </label>
      </div>
      {against === '' ? (
        <ChangeList before="" after={hexOf(revision.tree)} />
      ) : (
        <Against id={against} after={hexOf(revision.tree)} />
      )}
    </section>
  );
}

function Against({ id, after }: { id: string; after: string }) {
  const other = useRevision(id);
  return (
    <Answer query={other} what="the other revision">
      {one => <ChangeList before={hexOf(one.tree)} after={after} />}
    </Answer>
  );
}

function ChangeList({ before, after }: { before: string; after: string }) {
  const old = useTree(before);
  const tree = useTree(after);
  return (
    <Answer query={old} what="the other tree">
      {from => (
        <Answer query={tree} what="the tree">
          {to => <Changed changes={diffTrees(from, to)} />}
        </Answer>
      )}
    </Answer>
  );
}

const words = { added: 'ok', removed: 'failed', changed: 'changed', mode: 'changed' } as const;

function Changed({ changes }: { changes: readonly FileChange[] }) {
  if (changes.length === 0) return <Empty title="The same files with the same content" />;
  return (
    <ul className="groups">
      {changes.map(change => (
        <ChangedFile key={change.path} change={change} />
      ))}
    </ul>
  );
}

function ChangedFile({ change }: { change: FileChange }) {
  const [open, setOpen] = useState(false);
  return (
    <li className="group">
      <details onToggle={event => setOpen(event.currentTarget.open)}>
        <summary className="file-line">
          <code>{change.path}</code>
          <Badge kind={words[change.kind]}>
            {change.kind === 'mode' ? 'executable or not' : change.kind}
          </Badge>
        </summary>
        {open && (
          <div className="group-detail">
            <FileDiff change={change} />
          </div>
        )}
      </details>
    </li>
  );
}

function FileDiff({ change }: { change: FileChange }) {
  const before = useBlob(change.before?.digest ?? '');
  const after = useBlob(change.after?.digest ?? '');
  return (
    <Answer query={before} what="what was there">
      {from => (
        <Answer query={after} what="what is there">
          {to => <TextDiff from={from} to={to} path={change.path} />}
        </Answer>
      )}
    </Answer>
  );
}

function TextDiff({ from, to, path }: { from: Uint8Array; to: Uint8Array; path: string }) {
  const lines = useMemo(() => {
    const [a, b] = [textOf(from), textOf(to)];
    return a === null || b === null ? null : fold(diffLines(a, b));
  }, [from, to]);
  if (!lines)
    return (
      <p className="dim">
        No text: {from.length} bytes before, {to.length} now.
      </p>
    );
  return <DiffView lines={lines} label={`Difference of ${path}`} />;
}

export function Files({ revision }: { revision: Revision }) {
  const tree = useTree(hexOf(revision.tree));
  return (
    <section>
      <h2>Files</h2>
      <Answer query={tree} what="the tree">
        {files => (
          <ul className="groups">
            {files.map(file => (
              <File key={file.path} file={file} />
            ))}
          </ul>
        )}
      </Answer>
    </section>
  );
}

function File({ file }: { file: TreeFile }) {
  const [open, setOpen] = useState(false);
  return (
    <li className="group">
      <details onToggle={event => setOpen(event.currentTarget.open)}>
        <summary className="file-line">
          <code>{file.path}</code>
          <span className="dim">
            {file.size} bytes{file.executable ? ', executable' : ''}
          </span>
        </summary>
        {open && (
          <div className="group-detail">
            <Content file={file} />
          </div>
        )}
      </details>
    </li>
  );
}

function Content({ file }: { file: TreeFile }) {
  const blob = useBlob(file.digest);
  return (
    <Answer query={blob} what={file.path}>
      {bytes => {
        const text = textOf(bytes);
        if (text === null) return <p className="dim">No text.</p>;
        return (
          <pre className="statement" tabIndex={0} role="region" aria-label={file.path}>
            {text}
          </pre>
        );
      }}
    </Answer>
  );
}
