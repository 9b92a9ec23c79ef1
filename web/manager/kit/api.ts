// The manager's API as functions: what is asked, what comes back, and a Problem for every refusal.
import { keepPreviousData, QueryClient, type InfiniteData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Operation, Operations, Problem as ProblemDocument } from '../../generated/api';

export type { Operation, Operations } from '../../generated/api';
export type Input<O extends Operation> = {
  params?: Operations[O]['params'];
  query?: Operations[O]['query'];
  body?: Operations[O]['body'];
};

/** A refusal (RFC 9457), or that no answer came at all: then `status` is 0. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly document: Partial<ProblemDocument>,
  ) {
    super(document.detail ?? document.title ?? 'The manager does not answer.');
  }
  get id() {
    return this.document.id;
  }
}

export function queryText(query: Record<string, unknown> = {}): string {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== null && value !== '') text.set(name, String(value));
  const out = text.toString();
  return out ? `?${out}` : '';
}

export function addressOf<O extends Operation>(operation: O, input: Input<O> = {}): string {
  const pattern = operation.slice(operation.indexOf(' ') + 1);
  const params = (input.params ?? {}) as Record<string, string | number>;
  return `/api/v1${pattern.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])))}${queryText(input.query as Record<string, unknown>)}`;
}

export async function call<O extends Operation>(operation: O, input: Input<O> = {}): Promise<Operations[O]['answer']> {
  const method = operation.slice(0, operation.indexOf(' '));
  const body = input.body as unknown;
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['Content-Type'] = typeof body === 'string' ? 'text/csv' : 'application/json';
  let answer: Response;
  try {
    answer = await fetch(addressOf(operation, input), {
      method,
      headers,
      credentials: 'same-origin',
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
  } catch {
    throw new Problem(0, {});
  }
  if (answer.status === 204) return null as Operations[O]['answer'];
  const content = await answer.json().catch(() => null);
  if (!answer.ok) throw new Problem(answer.status, content ?? { title: `The manager answered ${answer.status}.` });
  return content;
}

type Read = Extract<Operation, `GET ${string}`>;
/** For these answers the manager goes and asks the system: they are asked for when they are shown, and when somebody wants it. */
export const looks = /^GET \/systems\/\{id\}\/(plan|settings)$/;
/** The log-in is asked for again when a session has ended. */
export const sessionEnded = new EventTarget();
export const endsSession = (error: unknown) => error instanceof Problem && (error.status === 401 || error.id === 'ACC-014');

export const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: false,
      // A refusal is an answer; only silence is worth another try.
      retry: (count, error) => error instanceof Problem && error.status === 0 && count < 2,
      retryDelay: 700,
    },
  },
});
client.getQueryCache().subscribe((event) => {
  const error = event.type === 'updated' && event.action.type === 'error' ? event.action.error : null;
  if (endsSession(error)) sessionEnded.dispatchEvent(new Event('ended'));
});

export function useGet<O extends Read>(operation: O, input: Input<O> = {}, options: { enabled?: boolean; refetchInterval?: number | ((data: Operations[O]['answer'] | undefined) => number | false); keep?: boolean } = {}) {
  const { keep, refetchInterval, ...rest } = options;
  return useQuery<Operations[O]['answer'], Problem>({
    queryKey: [operation, input],
    queryFn: () => call(operation, input),
    placeholderData: keep ? (keepPreviousData as never) : undefined,
    refetchInterval: typeof refetchInterval === 'function' ? (query) => refetchInterval(query.state.data) : refetchInterval,
    ...(looks.test(operation) ? { staleTime: Infinity, refetchOnMount: 'always' as const } : {}),
    ...rest,
  });
}

/** Pages of a list, one behind the other. `cursor` is the name of the field that takes `next`. While another selection or order of the same list comes, the one before stays. */
export function usePages<O extends Read>(operation: O, query: Record<string, unknown>, cursor: 'after' | 'before' | null, limit: number, enabled = true, params?: Record<string, string | number>, nextOf?: (page: any) => string | number | null | undefined) {
  type Page = Operations[O]['answer'];
  return useInfiniteQuery<Page, Problem, InfiniteData<Page>, readonly unknown[], string | number | undefined>({
    enabled,
    queryKey: [operation, { params, query, pages: true, limit }],
    initialPageParam: undefined,
    queryFn: ({ pageParam }) =>
      call(operation, { params, query: { ...query, limit, ...(cursor && pageParam !== undefined ? { [cursor]: pageParam } : {}) } } as Input<O>),
    placeholderData: (before, query) => (query && JSON.stringify((query.queryKey[1] as { params?: unknown }).params) === JSON.stringify(params) ? before : undefined),
    getNextPageParam: (page) => (nextOf ? (nextOf(page) ?? undefined) : cursor ? ((page as { next?: string | number | null }).next ?? undefined) : undefined),
  });
}

/** Changes something; what is shown is asked for again afterwards. */
export function useSend<O extends Operation>(operation: O, done?: (answer: Operations[O]['answer'], input: Input<O>) => void) {
  const queries = useQueryClient();
  return useMutation<Operations[O]['answer'], Problem, Input<O>>({
    mutationFn: (input) => call(operation, input),
    onSuccess: async (answer, input) => {
      done?.(answer, input);
      await queries.invalidateQueries();
    },
  });
}
