// SPDX-License-Identifier: Apache-2.0
// The messages of proto/fettle/v1 that the console uses, in protobuf's JSON: lower-camel names, 64-bit numbers as
// strings, enums by name, bytes in base64, and what has its default value is left out. Kept by hand;
// types.test.ts compares every field with the protos.

export type Micros = string | number;

export type State =
  | 'STATE_OK'
  | 'STATE_UNKNOWN'
  | 'STATE_SKIPPED'
  | 'STATE_CHANGED'
  | 'STATE_DRIFTED'
  | 'STATE_FAILED'
  | 'STATE_REVERTED'
  | 'STATE_BLOCKED';

export type Cause = 'CAUSE_NONE' | 'CAUSE_FIRST_SIGHT' | 'CAUSE_INTENDED' | 'CAUSE_DRIFT';

export type Presence = 'PRESENCE_NEVER_SEEN' | 'PRESENCE_CONNECTED' | 'PRESENCE_SILENT' | 'PRESENCE_REVOKED';

export type Watching = 'WATCHING_EVENT' | 'WATCHING_POLL' | 'WATCHING_SWEEP';

export type DriftOutcome = 'DRIFT_OPEN' | 'DRIFT_CORRECTED' | 'DRIFT_FAILED' | 'DRIFT_ENDED';

export interface Difference {
  attribute?: string;
  current?: string;
  desired?: string;
  lastSet?: string;
  diff?: string;
  cause?: Cause;
}

export interface Actor {
  certainty?: 'PROBABLE' | 'CERTAIN';
  pid?: Micros;
  executable?: string;
  command?: string;
  user?: string;
  login?: string;
  unit?: string;
  sshSource?: string;
  transaction?: string;
  note?: string;
}

export interface RunCounts {
  ok?: number;
  unknown?: number;
  skipped?: number;
  changed?: number;
  drifted?: number;
  failed?: number;
  reverted?: number;
  blocked?: number;
}

export interface ResourceReport {
  id?: string;
  state?: State;
  cause?: Cause;
  differences?: Difference[];
  error?: string;
  rootCause?: string;
  refreshed?: string;
  position?: string;
  controls?: string[];
  durationUs?: Micros;
  actor?: Actor;
  contended?: string;
}

export interface RunReport {
  id?: string;
  host?: string;
  revision?: string;
  reason?: string;
  enforce?: boolean;
  partial?: boolean;
  startedUs?: Micros;
  durationUs?: Micros;
  counts?: RunCounts;
  resources?: ResourceReport[];
  error?: string;
}

export interface Host {
  name?: string;
  presence?: Presence;
  lastSeenUs?: Micros;
  channel?: string;
  revision?: string;
  assignedRevision?: string;
  labels?: Record<string, string>;
  counts?: RunCounts;
  agentVersion?: string;
  lastRunUs?: Micros;
  lastRunError?: string;
  refusal?: string;
  openDrift?: number;
  os?: string;
  address?: string;
  certificateExpiresUs?: Micros;
  pausedUntilUs?: Micros;
  pauseReason?: string;
}

export interface ResourceState {
  id?: string;
  state?: State;
  cause?: Cause;
  sinceUs?: Micros;
  differences?: Difference[];
  error?: string;
  position?: string;
  controls?: string[];
  run?: string;
  actor?: Actor;
  contended?: string;
  watching?: Watching;
  worstUs?: Micros;
  watchingWhy?: string;
}

export interface HostDetail {
  host?: Host;
  factsJson?: string;
  resources?: ResourceState[];
}

export interface DriftRecord {
  host?: string;
  id?: string;
  differences?: Difference[];
  outcome?: DriftOutcome;
  seenUs?: Micros;
  storedUs?: Micros;
  endedUs?: Micros;
  revision?: string;
  run?: string;
  error?: string;
  position?: string;
  actor?: Actor;
  contended?: string;
}

export interface Span {
  state?: ResourceState;
  fromUs?: Micros;
  toUs?: Micros;
  revision?: string;
}

export interface Revision {
  name?: string;
  id?: string;
  tree?: string;
  parent?: string;
  author?: string;
  message?: string;
  gitCommit?: string;
  createdUs?: Micros;
  publishedUs?: Micros;
  publishedBy?: string;
  signedBy?: string;
  statement?: string;
  signature?: string;
  channels?: string[];
  hosts?: number;
}

export interface Channel {
  name?: string;
  revision?: string;
  revisionId?: string;
  changedUs?: Micros;
  changedBy?: string;
  hosts?: number;
}

export interface BlobChunk {
  digest?: string;
  data?: string;
  last?: boolean;
}

export interface ListHostsRequest {
  filter?: string;
  atUs?: Micros;
}
export interface ListHostsResponse {
  hosts?: Host[];
}
export interface GetHostRequest {
  name?: string;
  atUs?: Micros;
}
export interface DriftRequest {
  filter?: string;
  atUs?: Micros;
  sinceUs?: Micros;
  most?: number;
}
export interface DriftResponse {
  records?: DriftRecord[];
}
export interface DriftCountsRequest {
  filter?: string;
  atUs?: Micros[];
}
export interface DriftCount {
  fromUs?: Micros;
  opened?: number;
  closed?: number;
  open?: number;
}
export interface DriftCountsResponse {
  counts?: DriftCount[];
  wholeSinceUs?: Micros;
}
export interface RunsRequest {
  filter?: string;
  sinceUs?: Micros;
  most?: number;
}
export interface RunsResponse {
  runs?: RunReport[];
}
export interface HostHistoryRequest {
  host?: string;
  resource?: string;
  sinceUs?: Micros;
  most?: number;
}
export interface HostHistoryResponse {
  spans?: Span[];
}
export interface PackagesRequest {
  filter?: string;
  name?: string;
  atUs?: Micros;
  most?: number;
}
export interface InstalledPackage {
  host?: string;
  name?: string;
  version?: string;
  architecture?: string;
  sinceUs?: Micros;
}
export interface PackagesResponse {
  packages?: InstalledPackage[];
  cut?: boolean;
  notKnown?: string[];
}
export interface PackageChangesRequest {
  filter?: string;
  name?: string;
  sinceUs?: Micros;
  untilUs?: Micros;
  most?: number;
}
export interface PackageChange {
  host?: string;
  name?: string;
  from?: string;
  to?: string;
  architecture?: string;
  timeUs?: Micros;
  run?: string;
  transaction?: string;
}
export interface PackageChangesResponse {
  changes?: PackageChange[];
  cut?: boolean;
}
export interface ListRevisionsRequest {
  most?: number;
  before?: string;
}
export interface ListRevisionsResponse {
  revisions?: Revision[];
}
export interface GetRevisionRequest {
  name?: string;
}
export interface ListChannelsResponse {
  channels?: Channel[];
}

export type Verdict =
  | 'VERDICT_COMPLIANT'
  | 'VERDICT_NOT_COMPLIANT'
  | 'VERDICT_WAIVED'
  | 'VERDICT_NOT_APPLICABLE'
  | 'VERDICT_UNKNOWN';

export interface AssessRequest {
  filter?: string;
  framework?: string;
  control?: string;
  all?: boolean;
  atUs?: Micros;
}
export interface VerdictCounts {
  compliant?: number;
  notCompliant?: number;
  waived?: number;
  notApplicable?: number;
  unknown?: number;
  score?: number;
}
export interface FrameworkMapping {
  framework?: string;
  requirements?: string[];
}
export interface ControlSummary {
  id?: string;
  title?: string;
  description?: string;
  severity?: string;
  frameworks?: FrameworkMapping[];
  position?: string;
  hosts?: VerdictCounts;
}
export interface HostSummary {
  host?: string;
  revision?: string;
  controls?: VerdictCounts;
}
export interface WaiverRecord {
  control?: string;
  hosts?: string;
  reason?: string;
  approver?: string;
  compensating?: string;
  untilUs?: Micros;
  position?: string;
  revision?: string;
  ended?: boolean;
}
export interface ControlEvidence {
  resource?: string;
  state?: State;
  sinceUs?: Micros;
  position?: string;
  differences?: Difference[];
  error?: string;
  actor?: Actor;
}
export interface ControlFinding {
  control?: string;
  host?: string;
  verdict?: Verdict;
  evidence?: ControlEvidence[];
  waiver?: WaiverRecord;
}
export interface AssessResponse {
  takenUs?: Micros;
  counts?: VerdictCounts;
  controls?: ControlSummary[];
  hosts?: HostSummary[];
  findings?: ControlFinding[];
  findingsCut?: boolean;
  waivers?: WaiverRecord[];
  problems?: string[];
  caveats?: string[];
}

export interface TrendRequest {
  filter?: string;
  framework?: string;
  control?: string;
  atUs?: Micros[];
}
export interface TrendPoint {
  atUs?: Micros;
  counts?: VerdictCounts;
  hosts?: number;
}
export interface TrendResponse {
  points?: TrendPoint[];
  caveats?: string[];
}

export interface ListLeavesRequest {
  sinceUs?: Micros;
  who?: string;
  act?: string;
  reports?: boolean;
  before?: Micros;
  most?: number;
}
export interface LeafRecord {
  number?: Micros;
  timeUs?: Micros;
  who?: string;
  act?: string;
  detail?: string;
  host?: string;
  data?: Record<string, string>;
}
export interface ListLeavesResponse {
  leaves?: LeafRecord[];
  cut?: boolean;
}
export interface GetHeadResponse {
  head?: string;
  key?: string;
}
export interface ProveConsistencyRequest {
  older?: Micros;
  newer?: Micros;
}
export interface ProveConsistencyResponse {
  hashes?: string[];
}
export interface ExportRequest {
  sinceUs?: Micros;
  untilUs?: Micros;
}
export interface ExportPart {
  data?: string;
}
