// SPDX-License-Identifier: Apache-2.0
import { useChannels, useRevisions } from '../api/queries';
import type { Channel, Revision } from '../api/types';
import { equals } from '../lib/filter';
import { href } from '../lib/route';
import { Answer, Empty, Page, RevisionLink, Time } from '../ui/bits';

export default function RevisionsPage() {
  const revisions = useRevisions();
  const channels = useChannels();
  return (
    <Page title="Revisions">
      <Answer query={channels} what="the channels">
        {list => (list.length > 0 ? <Channels list={list} /> : null)}
      </Answer>
      <Answer query={revisions} what="the revisions">
        {list =>
          list.length === 0 ? (
            <Empty title="Nothing was published yet">
              Publish a policy tree with <code>fettle publish . -m "first" --channel production</code>.
            </Empty>
          ) : (
            <ol className="revisions">
              {list.map(one => (
                <Row key={one.name} revision={one} />
              ))}
            </ol>
          )
        }
      </Answer>
    </Page>
  );
}

function Channels({ list }: { list: readonly Channel[] }) {
  return (
    <section aria-label="Channels" className="cards">
      {list.map(channel => (
        <div key={channel.name} className="card">
          <h2>{channel.name}</h2>
          <p className="big">
            <RevisionLink name={channel.revision} />
          </p>
          <p>
            <a href={href(['fleet'], { filter: equals('channel', channel.name ?? '') })}>
              {channel.hosts ?? 0} {channel.hosts === 1 ? 'host follows' : 'hosts follow'}
            </a>
          </p>
          <p className="dim">
            moved <Time us={channel.changedUs} />
            {channel.changedBy && ` by ${channel.changedBy}`}
          </p>
        </div>
      ))}
    </section>
  );
}

export function Signed({ revision }: { revision: Revision }) {
  return revision.signedBy ? (
    <span className="signed">
      <span aria-hidden="true">✓</span> signed by {revision.signedBy}
    </span>
  ) : (
    <span className="unsigned">
      <span aria-hidden="true">!</span> not signed
    </span>
  );
}

function Row({ revision }: { revision: Revision }) {
  return (
    <li>
      <a className="revision-name" href={href(['revisions', revision.name ?? ''])}>
        {revision.name}
      </a>
      <div className="revision-what">
        <p className="message">{revision.message || <span className="dim">no message</span>}</p>
        <p className="dim">
          {revision.author} · published <Time us={revision.publishedUs} />
          {revision.publishedBy && ` by ${revision.publishedBy}`} · <Signed revision={revision} />
        </p>
      </div>
      <div className="revision-where">
        {(revision.channels ?? []).map(channel => (
          <span key={channel} className="tag">
            {channel}
          </span>
        ))}
        <a href={href(['fleet'], { filter: equals('revision', revision.name ?? '') })}>
          {revision.hosts ?? 0} {revision.hosts === 1 ? 'host' : 'hosts'}
        </a>
      </div>
    </li>
  );
}
