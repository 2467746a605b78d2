// SPDX-License-Identifier: Apache-2.0
import type { WaiverRecord } from '../api/types';
import { absolute, toMs } from '../lib/time';
import { Time } from './bits';
import { useSettings } from './settings';

// Who answers for it until when. One that ended says so first.
export function Waiver({ one }: { one: WaiverRecord }) {
  const { utc } = useSettings();
  return (
    <div className={`notice waiver ${one.ended ? 'is-failed' : 'is-waived'}`}>
      <p>
        <b>{one.ended ? 'Waiver ended' : 'Waived until'}</b> {absolute(toMs(one.untilUs), utc)} (
        <Time us={one.untilUs} />) by {one.approver || 'nobody named'}: {one.reason}
      </p>
      {one.compensating && <p>Instead: {one.compensating}</p>}
      <p className="small">
        {one.hosts ? (
          <>
            Hosts that fit <code>{one.hosts}</code>
          </>
        ) : (
          'All hosts'
        )}
        , <code>{one.position}</code> of {one.revision}
      </p>
    </div>
  );
}
