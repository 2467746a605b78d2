// SPDX-License-Identifier: Apache-2.0
// What pages ask, under the keys that live.ts knows: [what, host or filter, …].
import { keepPreviousData, QueryClient, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { equals } from '../lib/filter';
import { toMicros } from '../lib/time';
import { fetchBlob, fetchTree } from './blobs';
import { api, ApiError } from './client';
import type { AssessRequest, ListLeavesRequest, TrendRequest, TrendResponse } from './types';

const final = ['invalid_argument', 'unauthenticated', 'permission_denied', 'not_found', 'unimplemented'];

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        refetchOnWindowFocus: false,
        retry: (count, error) => count < 3 && !(error instanceof ApiError && final.includes(error.code)),
      },
    },
  });
}

type Ask<T> = (signal: AbortSignal) => Promise<T>;

// One question. While another is asked in its place, `keep` shows the answer to the last.
function useAnswer<T>(
  queryKey: readonly unknown[],
  ask: Ask<T>,
  keep = false,
  enabled = true,
): UseQueryResult<T> {
  return useQuery<T>({
    queryKey,
    queryFn: ({ signal }) => ask(signal),
    enabled,
    ...(keep ? { placeholderData: keepPreviousData as (previous: T | undefined) => T | undefined } : {}),
  } as Parameters<typeof useQuery<T>>[0]);
}

const since = (span: number) => (span > 0 ? { sinceUs: toMicros(Date.now() - span) } : {});

// `at`: as of then, in milliseconds; 0: now. The past is under a key that no change makes old.
const then = (at: number) => (at > 0 ? { atUs: toMicros(at) } : {});
const keyAt = (at: number, now: readonly unknown[]) => (at > 0 ? ['then', at, ...now] : now);

export const useHosts = (filter: string, enabled = true, at = 0) =>
  useAnswer(
    keyAt(at, ['hosts', filter]),
    signal => api.listHosts({ filter, ...then(at) }, signal).then(answer => answer.hosts ?? []),
    true,
    enabled,
  );

export const useHost = (name: string, at = 0) =>
  useAnswer(keyAt(at, ['host', name]), signal => api.getHost({ name, ...then(at) }, signal));

// `span` milliseconds back; 0: only what is open now.
export const useDrift = (filter: string, span: number, most = 1000, at = 0) =>
  useAnswer(
    keyAt(at, ['drift', filter, span, most]),
    signal =>
      api
        .drift({ filter, most, ...(at > 0 ? then(at) : since(span)) }, signal)
        .then(answer => answer.records ?? []),
    true,
  );

// `moments`: in milliseconds, the oldest first.
export const useDriftCounts = (filter: string, moments: readonly number[]) =>
  useAnswer(
    ['drift', 'counts', filter, moments[0], moments.length],
    signal => api.driftCounts({ filter, atUs: moments.map(toMicros) }, signal),
    true,
  );

export const useRuns = (filter: string, span: number, most = 500) =>
  useAnswer(
    ['runs', filter, span, most],
    signal => api.runs({ filter, most, ...since(span) }, signal).then(answer => answer.runs ?? []),
    true,
  );

export const useHistory = (host: string, span: number, most = 5000) =>
  useAnswer(
    ['history', host, span, most],
    signal => api.hostHistory({ host, most, ...since(span) }, signal).then(answer => answer.spans ?? []),
    true,
  );

// As many as the server lists at most.
const mostPackages = 10_000;

export const usePackages = (host: string, at = 0) =>
  useAnswer(keyAt(at, ['packages', host]), signal =>
    api.packages({ filter: equals('name', host), most: mostPackages, ...then(at) }, signal),
  );

// `span` milliseconds back, from `at`; 0: all that is known.
export const usePackageChanges = (host: string, span: number, at = 0) =>
  useAnswer(
    keyAt(at, ['packages', host, 'changes', span]),
    signal =>
      api.packageChanges(
        {
          filter: equals('name', host),
          most: mostPackages,
          ...(span > 0 ? { sinceUs: toMicros((at || Date.now()) - span) } : {}),
          ...(at > 0 ? { untilUs: toMicros(at) } : {}),
        },
        signal,
      ),
    true,
  );

export const useRevisions = () =>
  useAnswer(['revisions'], signal =>
    api.listRevisions({ most: 200 }, signal).then(answer => answer.revisions ?? []),
  );

export const useRevision = (name: string) =>
  useAnswer(['revision', name], signal => api.getRevision({ name }, signal));

export const useChannels = () =>
  useAnswer(['channels'], signal => api.listChannels(signal).then(answer => answer.channels ?? []));

export const useAssess = (request: AssessRequest, enabled = true) =>
  useAnswer(['compliance', request], signal => api.assess(request, signal), true, enabled);

// The past does not change: asked once for the same moments. A control that was at none of them is no error: who asks has
// it now.
export const useTrend = (request: TrendRequest) =>
  useAnswer(
    ['then', 'trend', request],
    signal =>
      api.trend(request, signal).catch((error: unknown) => {
        if (error instanceof ApiError && error.code === 'not_found') return {} as TrendResponse;
        throw error;
      }),
    true,
  );

export const useLeaves = (request: Omit<ListLeavesRequest, 'sinceUs'>, span: number) =>
  useAnswer(
    ['leaves', request, span],
    signal => api.listLeaves({ ...request, ...since(span) }, signal),
    true,
  );

export const useHead = () => useAnswer(['head'], signal => api.getHead(signal));

const forever = 1e9; // Content that is named by its digest never gets old.

export const useTree = (digest: string) =>
  useQuery({
    queryKey: ['tree', digest],
    queryFn: ({ signal }) => (digest === '' ? [] : fetchTree(digest, signal)),
    staleTime: forever,
  });

export const useBlob = (digest: string) =>
  useQuery({
    queryKey: ['blob', digest],
    queryFn: ({ signal }) => (digest === '' ? new Uint8Array() : fetchBlob(digest, signal)),
    staleTime: forever,
  });
