// Small things that many screens show: times, levels, severities, fingerprints, links.
import { Anchor, Badge, Box, Code, CopyButton, Group, Text, Title, Tooltip, UnstyledButton } from '@mantine/core';
import { Check, ChevronRight, Copy } from 'lucide-react';
import { Children, Fragment, useEffect, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';

export const levelNames = ['Not known yet', 'Passwords in clear', 'Passwords protected', 'Encrypted', 'Encrypted and verified'];

const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const localDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

export function ago(at: string): string {
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  const size = Math.abs(seconds);
  if (size < 60) return 'just now';
  if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (size < 86400) return relative.format(Math.round(seconds / 3600), 'hour');
  if (size < 86400 * 60) return relative.format(Math.round(seconds / 86400), 'day');
  return relative.format(Math.round(seconds / 86400 / 30.4), 'month');
}

export const utc = (at: string) => `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;

/** In the user's zone; UTC when one points at it. */
export function When({ at, day, with_ago }: { at: string | null | undefined; day?: boolean; with_ago?: boolean }) {
  if (!at) return <span className="nothing">–</span>;
  return (
    <time dateTime={at} title={utc(at)} className="when">
      {(day ? localDay : local).format(new Date(at))}
      {with_ago && <span className="dimmed"> ({ago(at)})</span>}
    </time>
  );
}

/** A time of today, of what this page saw itself. `at`: milliseconds since 1970. */
export function Clock({ at }: { at: number }) {
  const text = new Date(at).toISOString();
  return (
    <time dateTime={text} title={utc(text)}>
      {clock.format(at)}
    </time>
  );
}

/** How long ago; UTC when one points at it. */
export function Ago({ at, never = '–' }: { at: string | null | undefined; never?: string }) {
  if (!at) return <span className="nothing">{never}</span>;
  return (
    <time dateTime={at} title={utc(at)} className="when">
      {ago(at)}
    </time>
  );
}

/** The first systems that something is about, and how many more there are. */
export function SystemNames({ of, none }: { of: { systems: Array<{ id: number; name: string }>; in_all: number }; none: string }) {
  if (of.in_all === 0) return <p className="dimmed">{none}</p>;
  const more = of.in_all - of.systems.length;
  return (
    <p className="names">
      {of.systems.map((one, i) => (
        <Fragment key={one.id}>
          {i > 0 && ', '}
          <To href={`/systems/${one.id}`}>{one.name}</To>
        </Fragment>
      ))}
      {more > 0 && ` and ${several(more, 'more system')}`}
    </p>
  );
}

export function Level({ level, long }: { level: number; long?: boolean }) {
  return (
    <span className={`level level-${level}`} title={levelNames[level]} data-csv={level || ''}>
      <span className="level-number">{level || '?'}</span>
      {long && <span>{levelNames[level]}</span>}
      {!long && <span className="hidden-text">{`Level ${level || 'not known'}: ${levelNames[level]}`}</span>}
    </span>
  );
}

const tones: Record<string, string> = {
  critical: 'bad', warning: 'warn', notice: 'info', open: 'warn', closed: 'good', running: 'info', paused: 'warn', done: 'good', cancelled: 'plain',
  queued: 'plain', waiting: 'warn', succeeded: 'good', failed: 'bad', reachable: 'good', unreachable: 'bad', unknown: 'plain', yes: 'good', no: 'bad',
  served: 'good', issued: 'info', pending: 'info', trusted: 'good', replaced: 'plain', unused: 'plain', revoked: 'bad', expired: 'bad',
  proven: 'info', confirming: 'info', started: 'info', undone: 'bad', below_goal: 'warn', rolled_back: 'plain', rolling_back: 'warn', rollback_failed: 'bad',
  current: 'good', next: 'info', former: 'plain', withdrawn: 'plain', enabled: 'good', disabled: 'plain', blocked: 'bad', at_goal: 'good', has_steps: 'info',
};
const words: Record<string, string> = { unreachable: 'Not reachable', below_goal: 'Below the goal', has_steps: 'Will change', at_goal: 'At the goal', left_alone: 'Left alone' };

export const plainWords = (text: string) => words[text] ?? (text.charAt(0).toUpperCase() + text.slice(1)).replaceAll('_', ' ');

export function State({ value, tone, label }: { value: string; tone?: string; label?: string }) {
  return <span className={`state state-${tone ?? tones[value] ?? 'plain'}`}>{label ?? plainWords(value)}</span>;
}

export function Fingerprint({ value, href }: { value: string; href?: string }) {
  if (!value) return <span className="nothing">–</span>;
  const text = `${value.slice(0, 8)}…${value.slice(-8)}`;
  return (
    <Group gap={4} wrap="nowrap" className="fingerprint" data-csv={value}>
      {href ? <To href={href}>{text}</To> : <Code>{text}</Code>}
      <CopyText text={value} label="Copy the fingerprint" />
    </Group>
  );
}

export function CopyText({ text, label, children }: { text: string; label: string; children?: ReactNode }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : label}>
          <UnstyledButton className="copy" onClick={copy} aria-label={label}>
            {copied ? <Check size={14} /> : <Copy size={14} />}
            {children}
          </UnstyledButton>
        </Tooltip>
      )}
    </CopyButton>
  );
}

export function To({ href, children, ...rest }: { href: string; children: ReactNode; className?: string; size?: string }) {
  return (
    <Anchor component={Link} href={href} inherit {...rest}>
      {children}
    </Anchor>
  );
}

/** The head of a screen: where it is, its name, what can be done here. */
export function Head({ title, crumbs = [], actions, children }: { title: string; crumbs?: Array<[string, string]>; actions?: ReactNode; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Countersign`;
  }, [title]);
  return (
    <header className="head">
      {crumbs.length > 0 && (
        <nav className="crumbs" aria-label="Above this page">
          {crumbs.map(([name, href]) => (
            <Fragment key={href}>
              <Link href={href}>{name}</Link>
              <ChevronRight size={14} aria-hidden />
            </Fragment>
          ))}
        </nav>
      )}
      <div className="head-line">
        <Title order={1} size="h2">
          {title}
        </Title>
        {actions && <Group gap="xs">{actions}</Group>}
      </div>
      {children && (
        <Text component="div" c="dimmed" className="head-text">
          {children}
        </Text>
      )}
    </header>
  );
}

export function Card({ title, aside, children, className = '' }: { title?: ReactNode; aside?: ReactNode; children: ReactNode; className?: string }) {
  return (
    <section className={`card ${className}`}>
      {(title || aside) && (
        <div className="card-head">
          <h2>{title}</h2>
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}

/** Names and values, as a list of definitions. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="facts">{Children.toArray(children)}</dl>;
}
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children || children === 0 ? children : <span className="nothing">–</span>}</dd>
    </div>
  );
}

export function Count({ value, color }: { value: number; color?: string }) {
  return value > 0 ? (
    <Badge size="sm" circle={value < 10} color={color ?? 'red'} variant="filled">
      {value > 999 ? '999+' : value}
    </Badge>
  ) : null;
}

export function useGo() {
  const [, go] = useLocation();
  return go;
}

/** "systems", "1 system". */
export const several = (count: number, what: string) => `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
export const Space = () => <Box flex={1} />;
