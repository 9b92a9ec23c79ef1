// The states that every screen has besides its content: loading, failed (id, cause, remedy), denied, empty.
import { Alert, Anchor, Button, Code, Group, Skeleton, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { Ban, CircleAlert, Inbox, RefreshCw, Unplug } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { permissionOf, type Operation, type Problem as ProblemDocument } from '../../generated/api';
import { call, client, looks, Problem } from './api';
import { useMay, useSession } from './session';
import { Clock } from './show';

type Explanation = { title: string; cause: string; remedy: string };

function useExplanation(id: string | undefined): Explanation | undefined {
  const [found, setFound] = useState<Explanation>();
  useEffect(() => {
    let gone = false;
    if (id) void import('../../generated/errors.json').then((all) => !gone && setFound((all.default as Record<string, Explanation>)[id]), () => undefined);
    return () => {
      gone = true;
    };
  }, [id]);
  return found;
}

function Causes({ causes }: { causes?: ProblemDocument[] }) {
  if (!causes?.length) return null;
  return (
    <ul className="causes">
      {causes.slice(0, 20).map((one, i) => (
        <li key={i}>
          <Code>{one.id}</Code> {one.where && <b>{one.where}: </b>}
          {one.detail} <Text span c="dimmed">{one.remedy}</Text>
          <Causes causes={one.causes} />
        </li>
      ))}
    </ul>
  );
}

/** A refusal in full: what, why, and what to do. */
export function ProblemText({ document }: { document: Partial<ProblemDocument> }) {
  const explanation = useExplanation(document.id);
  // The id and the title stand above it already.
  const detail = document.detail?.replace(`${document.id}: `, '');
  return (
    <Stack gap={4}>
      {detail && detail !== document.title && <Text size="sm">{detail}</Text>}
      {explanation && (
        <Text size="sm">
          <b>Cause:</b> {explanation.cause}
        </Text>
      )}
      {document.remedy && (
        <Text size="sm">
          <b>What to do:</b> {document.remedy}
        </Text>
      )}
      <Causes causes={document.causes} />
    </Stack>
  );
}

/** How often a silent manager is tried again, in milliseconds. */
const probePause = 3_000;

/** While the manager is silent: waits until it answers anything at all, and then goes on by itself. */
function useReturn(error: unknown, again: (() => void) | undefined) {
  const latest = useRef(again);
  latest.current = again;
  const waits = again !== undefined && error instanceof Problem && error.status === 0;
  useEffect(() => {
    if (!waits) return;
    let timer: ReturnType<typeof setTimeout>;
    let gone = false;
    const goOn = () => !gone && latest.current?.();
    const later = () => {
      timer = setTimeout(() => {
        // One question for all that wait.
        client
          .fetchQuery({ queryKey: ['GET /setup', { probe: true }], queryFn: () => call('GET /setup'), staleTime: probePause / 2, retry: false })
          .then(goOn, (problem: unknown) => (problem instanceof Problem && problem.status === 0 ? !gone && later() : goOn()));
      }, probePause);
    };
    later();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [waits, error]);
}

/** `again`: asks again for what failed; without it something was to be done, not shown, and is not done twice by itself. */
export function ProblemCard({ error, again }: { error: unknown; again?: () => void }) {
  // What is no answer of the manager, nor its silence, is an error of the interface itself.
  const problem = error instanceof Problem ? error : new Problem(-1, { title: 'That did not work', detail: error instanceof Error ? error.message : String(error) });
  const silent = problem.status === 0;
  useReturn(error, again);
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      className="problem"
      icon={silent ? <Unplug size={20} /> : <CircleAlert size={20} />}
      title={
        <Group gap="xs">
          {problem.id && <Code className="error-id">{problem.id}</Code>}
          {silent ? 'The manager does not answer' : problem.document.title}
        </Group>
      }
    >
      {silent ? (
        <Text size="sm">
          The connection to the manager failed or broke. Check that it runs and that this computer reaches it
          {again ? '; this page goes on by itself when it answers again.' : '. Whether it did what was asked is not known: look before you try again.'}
        </Text>
      ) : (
        <ProblemText document={problem.document} />
      )}
      {again && (
        <Button mt="sm" size="xs" variant="default" leftSection={<RefreshCw size={14} />} onClick={again}>
          Try again
        </Button>
      )}
    </Alert>
  );
}

export function Denied({ operation }: { operation?: Operation }) {
  const session = useSession();
  return (
    <Stack align="center" gap="xs" py="xl" className="denied" role="status">
      <ThemeIcon size={48} radius="xl" variant="light" color="gray">
        <Ban size={26} />
      </ThemeIcon>
      <Title order={2} size="h4">
        Not for your role
      </Title>
      <Text c="dimmed" ta="center" maw={460}>
        You are logged in as {session.user} with the role {session.role}
        {operation ? `; this needs the permission “${permissionOf[operation]}”` : ''}. Ask an administrator when you need it.
      </Text>
    </Stack>
  );
}

export function Empty({ title, children, icon }: { title: string; children?: ReactNode; icon?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py="xl" className="empty" role="status">
      <ThemeIcon size={48} radius="xl" variant="light" color="gray">
        {icon ?? <Inbox size={26} />}
      </ThemeIcon>
      <Text fw={600}>{title}</Text>
      {children && (
        <Text component="div" c="dimmed" size="sm" ta="center" maw={520}>
          {children}
        </Text>
      )}
    </Stack>
  );
}

export function Waiting({ lines = 4 }: { lines?: number }) {
  return (
    <Stack gap="sm" role="status" aria-label="Loading" className="loading">
      {Array.from({ length: lines }, (_, i) => (
        <Skeleton key={i} height={22} radius="sm" />
      ))}
    </Stack>
  );
}

/** What failed together is asked for again together. */
export const retryFailed = () => void client.refetchQueries({ type: 'active', predicate: (query) => query.state.status === 'error' });

/** Above what could not be asked for again: it is from before, and why it is. */
export function Old({ of, again = retryFailed, rest }: { of: { error: Problem | null; dataUpdatedAt: number }; again?: () => void; /** It is only the rest of a list that is missing. */ rest?: boolean }) {
  useReturn(of.error, again);
  if (!of.error) return null;
  const { id, status, document } = of.error;
  return (
    <div className="old-data" role="status">
      <span>
        {rest ? (
          'The rest of the list did not come: '
        ) : (
          <>
            As of <Clock at={of.dataUpdatedAt} />. To ask again failed:{' '}
          </>
        )}
        {id && <Code>{id}</Code>} {status === 0 ? 'the manager does not answer.' : (document.title ?? of.error.message)} {document.remedy}
      </span>
      <Button size="compact-xs" variant="default" leftSection={<RefreshCw size={14} />} onClick={again}>
        Try again
      </Button>
    </div>
  );
}

/** Above an answer for which the manager asks the system, when something changed since. */
function Changed({ of }: { of: UseQueryResult<unknown, Problem> }) {
  return (
    <div className="old-data" role="status">
      <span>
        As of <Clock at={of.dataUpdatedAt} />. Something changed since.
      </span>
      <Button size="compact-xs" variant="default" leftSection={<RefreshCw size={14} />} onClick={() => void of.refetch()}>
        Ask again
      </Button>
    </div>
  );
}

/** Shows the content when it is there, else the state that fits. */
export function Loaded<T>({ of, children, lines, operation }: { of: UseQueryResult<T, Problem>; children: (data: T) => ReactNode; lines?: number; operation?: Operation }) {
  const may = useMay();
  if (operation && !may(operation)) return <Denied operation={operation} />;
  if (of.error?.status === 403) return <Denied operation={operation} />;
  if (of.error && of.data === undefined) return <ProblemCard error={of.error} again={retryFailed} />;
  if (of.data === undefined) return <Waiting lines={lines} />;
  return (
    <>
      {of.error && <Old of={of} />}
      {!of.error && operation && looks.test(operation) && of.isStale && !of.isFetching && <Changed of={of} />}
      {children(of.data)}
    </>
  );
}

export function ErrorHint({ id }: { id: string }) {
  const explanation = useExplanation(id);
  const [open, setOpen] = useState(false);
  return (
    <span>
      <Anchor component="button" size="sm" onClick={() => setOpen(!open)} aria-expanded={open}>
        {id}
      </Anchor>
      {open && explanation && (
        <Text size="sm" c="dimmed">
          {explanation.cause} {explanation.remedy}
        </Text>
      )}
    </span>
  );
}
