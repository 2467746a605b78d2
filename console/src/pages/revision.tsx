// SPDX-License-Identifier: Apache-2.0
import { useHosts, useRevision } from '../api/queries';
import type { Revision } from '../api/types';
import { equals } from '../lib/filter';
import { href } from '../lib/route';
import { Answer, Empty, HostLink, Page, Pairs, Time } from '../ui/bits';
import { Signed } from './revisions';
import { Changes, Files, hexOf } from './tree';

const shownHosts = 60;

export default function RevisionPage({ name }: { name: string }) {
  const query = useRevision(name);
  return (
    <Page title={`Revision ${name}`}>
      <Answer query={query} what="the revision">
        {revision => <Detail revision={revision} />}
      </Answer>
    </Page>
  );
}

function Detail({ revision }: { revision: Revision }) {
  return (
    <>
      <p className="message lead">{revision.message}</p>
      <Pairs
        pairs={[
          ['Author', revision.author],
          ['Created', <Time key="c" us={revision.createdUs} />],
          ['Published', <Time key="p" us={revision.publishedUs} />],
          ['Published by', revision.publishedBy || 'not known'],
          ['Signature', <Signed key="s" revision={revision} />],
          ['Channels', (revision.channels ?? []).join(', ') || 'none'],
          revision.gitCommit ? ['Git commit', <code key="g">{revision.gitCommit}</code>] : null,
          ['Digest', <code key="d">{hexOf(revision.id)}</code>],
          ['Tree', <code key="t">{hexOf(revision.tree)}</code>],
          ['Parent', revision.parent ? <code key="q">{hexOf(revision.parent)}</code> : 'none'],
        ]}
      />
      <Where name={revision.name ?? ''} />
      <Changes revision={revision} />
      <Files revision={revision} />
      <section>
        <h2>What was signed</h2>
        <pre className="statement" tabIndex={0} role="region" aria-label="Statement">
          {revision.statement}
        </pre>
        {revision.signature && (
          <details>
            <summary>Signature</summary>
            <pre className="statement">{revision.signature}</pre>
          </details>
        )}
      </section>
    </>
  );
}

function Where({ name }: { name: string }) {
  const filter = equals('revision', name);
  const hosts = useHosts(filter, name !== '');
  return (
    <section>
      <h2>Where it runs</h2>
      <Answer query={hosts} what="its hosts">
        {list =>
          list.length === 0 ? (
            <Empty title="No host enforces this revision now" />
          ) : (
            <>
              <p>
                <a href={href(['fleet'], { filter })}>
                  {list.length} {list.length === 1 ? 'host' : 'hosts'}
                </a>
              </p>
              <ul className="names">
                {list.slice(0, shownHosts).map(host => (
                  <li key={host.name}>
                    <HostLink name={host.name ?? ''} />
                  </li>
                ))}
              </ul>
            </>
          )
        }
      </Answer>
    </section>
  );
}
