// SPDX-License-Identifier: Apache-2.0
// Calls to the server: the Connect protocol's unary JSON, and the session that a cookie carries.
import type * as t from './types';

// What went wrong, with the code of the Connect protocol ("unauthenticated", "invalid_argument" …).
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export interface Session {
  user: string;
  role: string;
  filter?: string; // The hosts that they may see; none: all.
  expiresUs?: t.Micros;
}

// Told once a call finds that nobody is logged in any more.
let onLoggedOut: () => void = () => {};
export function whenLoggedOut(callback: () => void): void {
  onLoggedOut = callback;
}

function codeOf(status: number): string {
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'permission_denied';
  if (status === 404) return 'not_found';
  if (status === 429) return 'resource_exhausted';
  return status >= 500 ? 'unavailable' : 'unknown';
}

async function failure(response: Response): Promise<ApiError> {
  let code = codeOf(response.status);
  let message = `The server answered ${response.status}.`;
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null) {
      if ('code' in body && typeof body.code === 'string') code = body.code;
      if ('message' in body && typeof body.message === 'string' && body.message !== '')
        message = body.message;
    }
  } catch {
    // Not JSON: the status says enough.
  }
  return new ApiError(code, message);
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError('unavailable', 'The server cannot be reached.');
  }
}

// Calls a method with a body that is ready, and answers what is not an error.
export async function postRaw(
  method: string,
  type: string,
  body: string | Uint8Array,
  signal?: AbortSignal,
): Promise<Response> {
  const response = await send(`/fettle.v1.${method}`, {
    method: 'POST',
    headers: { 'Content-Type': type, 'Connect-Protocol-Version': '1' },
    body,
    ...(signal ? { signal } : {}),
  });
  if (response.ok) return response;
  const error = await failure(response);
  if (error.code === 'unauthenticated') onLoggedOut();
  throw error;
}

async function call<Request, Response>(
  method: string,
  request: Request,
  signal?: AbortSignal,
): Promise<Response> {
  const response = await postRaw(method, 'application/json', JSON.stringify(request), signal);
  return (await response.json()) as Response;
}

type Signal = AbortSignal | undefined;

export const api = {
  listHosts: (request: t.ListHostsRequest, signal?: Signal) =>
    call<t.ListHostsRequest, t.ListHostsResponse>('Fleet/ListHosts', request, signal),
  getHost: (request: t.GetHostRequest, signal?: Signal) =>
    call<t.GetHostRequest, t.HostDetail>('Fleet/GetHost', request, signal),
  drift: (request: t.DriftRequest, signal?: Signal) =>
    call<t.DriftRequest, t.DriftResponse>('History/Drift', request, signal),
  driftCounts: (request: t.DriftCountsRequest, signal?: Signal) =>
    call<t.DriftCountsRequest, t.DriftCountsResponse>('History/DriftCounts', request, signal),
  runs: (request: t.RunsRequest, signal?: Signal) =>
    call<t.RunsRequest, t.RunsResponse>('History/Runs', request, signal),
  hostHistory: (request: t.HostHistoryRequest, signal?: Signal) =>
    call<t.HostHistoryRequest, t.HostHistoryResponse>('History/HostHistory', request, signal),
  packages: (request: t.PackagesRequest, signal?: Signal) =>
    call<t.PackagesRequest, t.PackagesResponse>('History/Packages', request, signal),
  packageChanges: (request: t.PackageChangesRequest, signal?: Signal) =>
    call<t.PackageChangesRequest, t.PackageChangesResponse>('History/PackageChanges', request, signal),
  listRevisions: (request: t.ListRevisionsRequest, signal?: Signal) =>
    call<t.ListRevisionsRequest, t.ListRevisionsResponse>('Policy/ListRevisions', request, signal),
  getRevision: (request: t.GetRevisionRequest, signal?: Signal) =>
    call<t.GetRevisionRequest, t.Revision>('Policy/GetRevision', request, signal),
  listChannels: (signal?: Signal) =>
    call<Record<string, never>, t.ListChannelsResponse>('Policy/ListChannels', {}, signal),
  assess: (request: t.AssessRequest, signal?: Signal) =>
    call<t.AssessRequest, t.AssessResponse>('Compliance/Assess', request, signal),
  trend: (request: t.TrendRequest, signal?: Signal) =>
    call<t.TrendRequest, t.TrendResponse>('Compliance/Trend', request, signal),
  listLeaves: (request: t.ListLeavesRequest, signal?: Signal) =>
    call<t.ListLeavesRequest, t.ListLeavesResponse>('Evidence/ListLeaves', request, signal),
  getHead: (signal?: Signal) =>
    call<Record<string, never>, t.GetHeadResponse>('Evidence/GetHead', {}, signal),
  proveConsistency: (request: t.ProveConsistencyRequest, signal?: Signal) =>
    call<t.ProveConsistencyRequest, t.ProveConsistencyResponse>('Evidence/ProveConsistency', request, signal),

  // Null: nobody is logged in.
  async session(): Promise<Session | null> {
    const response = await send('/session', { method: 'GET' });
    if (response.status === 401) return null;
    if (!response.ok) throw await failure(response);
    return (await response.json()) as Session;
  },
  async logIn(token: string): Promise<void> {
    const response = await send('/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Connect-Protocol-Version': '1' },
      body: JSON.stringify({ token }),
    });
    if (!response.ok) throw await failure(response);
  },
  async logOut(): Promise<void> {
    await send('/session', { method: 'DELETE', headers: { 'Connect-Protocol-Version': '1' } });
  },
};
