// The frame: navigation, the command palette, colours, who is logged in.
import { ActionIcon, Burger, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { Spotlight, spotlight } from '@mantine/spotlight';
import {
  BadgeCheck, BookUser, Building2, FileClock, FileSignature, Gauge, Info, KeyRound, Landmark, ListChecks, LogOut, Monitor, Moon, PhoneIncoming, Rocket, Search, Settings as Cog, ShieldCheck, Sun, Ticket as TicketIcon, Unplug, Users,
} from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { call, client, sessionEnded, useGet, type Operation } from './kit/api';
import { useAsk } from './kit/ask';
import { focusIfLost } from './kit/focus';
import { useMay, useSession } from './kit/session';
import { Clock, useGo } from './kit/show';

type Place = { href: string; name: string; icon: typeof Gauge; needs: Operation; words?: string };
const places: Array<[string, Place[]]> = [
  ['', [{ href: '/', name: 'Overview', icon: Gauge, needs: 'GET /overview', words: 'start home levels' }]],
  ['Estate', [
    { href: '/systems', name: 'Systems', icon: Monitor, needs: 'GET /systems', words: 'navigator folders devices' },
    { href: '/arrivals', name: 'Arrivals', icon: PhoneIncoming, needs: 'GET /waiting-systems', words: 'scan announce pre-register waiting' },
    { href: '/tickets', name: 'Tickets', icon: TicketIcon, needs: 'GET /tickets', words: 'problems alarms' },
    { href: '/phonebooks', name: 'Phone books', icon: BookUser, needs: 'GET /phonebooks' },
  ]],
  ['Security', [
    { href: '/secure-only', name: 'Secure-Only', icon: ShieldCheck, needs: 'GET /policy', words: 'mode policy level 4' },
    { href: '/campaigns', name: 'Campaigns', icon: Rocket, needs: 'GET /campaigns', words: 'waves roll back' },
    { href: '/certificates', name: 'Certificates', icon: BadgeCheck, needs: 'GET /certificates', words: 'inventory expiry revoke' },
    { href: '/requests', name: 'Requests by hand', icon: FileSignature, needs: 'GET /certificate-requests', words: 'csr answer upload download' },
    { href: '/issuers', name: 'Issuers', icon: Landmark, needs: 'GET /authority', words: 'authority offline root intermediate' },
    { href: '/roots', name: 'Trusted roots', icon: Building2, needs: 'GET /roots', words: 'trust bundle' },
  ]],
  ['Manager', [
    { href: '/jobs', name: 'Jobs', icon: ListChecks, needs: 'GET /jobs' },
    { href: '/audit', name: 'Audit', icon: FileClock, needs: 'GET /audit', words: 'trail who did what' },
    { href: '/people', name: 'People', icon: Users, needs: 'GET /accounts', words: 'accounts roles' },
    { href: '/tokens', name: 'Tokens', icon: KeyRound, needs: 'GET /tokens', words: 'api' },
    { href: '/settings', name: 'Settings', icon: Cog, needs: 'GET /policy', words: 'policy network notifications vendors' },
    { href: '/about', name: 'This manager', icon: Info, needs: 'GET /about', words: 'readiness own certificate' },
  ]],
];

function useLogOut() {
  const go = useGo();
  return async () => {
    await call('DELETE /session').catch(() => undefined);
    client.clear();
    // Whoever comes next begins at the beginning.
    go('/');
    sessionEnded.dispatchEvent(new Event('ended'));
  };
}

function Palette() {
  const may = useMay();
  const go = useGo();
  const logOut = useLogOut();
  const { toggleColorScheme } = useMantineColorScheme();
  const [query, setQuery] = useState('');
  const found = useGet('GET /systems', { query: { text: query, limit: 8, sort: 'name' } }, { enabled: query.length > 1, keep: true });
  const words = query.toLowerCase();
  const actions = [
    ...places.flatMap(([, some]) => some.filter((one) => may(one.needs)).map((one) => ({ label: one.name, words: one.words ?? '', icon: one.icon, run: () => go(one.href) }))),
    ...(may('POST /systems') ? [{ label: 'Add systems', words: 'new', icon: Monitor, run: () => go('/systems/add') }] : []),
    ...(may('PATCH /policy') ? [{ label: 'Set-up', words: 'first visit name certificate of the manager demonstration', icon: Rocket, run: () => go('/set-up/name') }] : []),
    { label: 'Light or dark', words: 'colours theme', icon: Sun, run: () => toggleColorScheme() },
    { label: 'Log out', words: 'leave exit', icon: LogOut, run: () => void logOut() },
  ].filter((one) => !words || `${one.label} ${one.words}`.toLowerCase().includes(words));
  const systems = query.length > 1 ? (found.data?.systems ?? []) : [];
  // What was found after the last letter is not selected by itself: Enter takes the first all the same.
  const first = actions[0]?.run ?? (systems[0] && (() => go(`/systems/${systems[0].id}`)));
  const enter = (event: React.KeyboardEvent) => {
    if (event.key !== 'Enter' || document.querySelector('[data-action][data-selected]') || !first) return;
    first();
    spotlight.close();
  };
  return (
    <Spotlight.Root query={query} onQueryChange={setQuery} shortcut={['mod + K']} lockScroll={false} transitionProps={{ duration: 0 }} onSpotlightClose={() => setTimeout(focusIfLost, 50)}>
      <Spotlight.Search placeholder="A place, an action, or a system…" leftSection={<Search size={18} />} aria-label="Go to" onKeyDown={enter} />
      <Spotlight.ActionsList>
        {actions.map((one) => (
          <Spotlight.Action key={one.label} label={one.label} leftSection={<one.icon size={18} />} onClick={one.run} />
        ))}
        {systems.map((one) => (
          <Spotlight.Action key={one.id} label={one.name} description={`${one.host_name || one.address} · Level ${one.level || '?'}`} leftSection={<Monitor size={18} />} onClick={() => go(`/systems/${one.id}`)} />
        ))}
        {actions.length + systems.length === 0 && <Spotlight.Empty>Nothing has that name</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

/** `since`: since when the page hears nothing of changes, in milliseconds since 1970. */
export function Shell({ since, children }: { since?: number; children: ReactNode }) {
  const may = useMay();
  const session = useSession();
  const ask = useAsk();
  const logOut = useLogOut();
  const [location] = useLocation();
  const [open, setOpen] = useState(false);
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const before = useRef(location);
  useEffect(() => {
    setOpen(false);
    // The link that led here may be gone with its page. The first page leaves the focus at its beginning.
    if (before.current !== location) focusIfLost();
    before.current = location;
  }, [location]);
  const here = (href: string) => (href === '/' ? location === '/' : location === href || location.startsWith(`${href}/`));
  const changePassword = () =>
    ask({
      title: 'Change your password',
      text: 'Your other sessions end.',
      button: 'Change',
      done: 'The password is changed.',
      fields: [
        { name: 'old_password', label: 'Password now', kind: 'password', required: true },
        { name: 'new_password', label: 'New password', kind: 'new-password', required: true, help: 'At least 12 characters' },
      ],
      run: (values) => call('PUT /session/password', { body: values as never }),
    });
  return (
    <div className={`app ${open ? 'side-open' : ''}`}>
      <a href="#main" className="skip">
        To the content
      </a>
      <div className="top">
        <Burger opened={open} onClick={() => setOpen(!open)} size="sm" color="#fff" aria-label="Navigation" aria-expanded={open} />
        <b>Countersign</b>
        <span className="grow" />
        <ActionIcon variant="transparent" aria-label="Go to" onClick={spotlight.open}>
          <Search size={20} />
        </ActionIcon>
      </div>
      <nav className="side" aria-label="Places">
        <Link href="/" className="brand">
          <img src="/icon.svg" alt="" />
          <span>Countersign</span>
        </Link>
        <button type="button" className="side-search" onClick={spotlight.open}>
          <Search size={15} aria-hidden /> Go to… <kbd>Ctrl K</kbd>
        </button>
        {places.map(([heading, some]) => {
          const allowed = some.filter((one) => may(one.needs));
          return allowed.length === 0 ? null : (
            <div key={heading}>
              {heading && <h2>{heading}</h2>}
              {allowed.map((one) => (
                <Link key={one.href} href={one.href} className="place" aria-current={here(one.href) ? 'page' : undefined}>
                  <one.icon size={17} aria-hidden /> {one.name}
                </Link>
              ))}
            </div>
          );
        })}
        <div className="who">
          <b>{session.user}</b> · {session.role}
          <div>
            <Tooltip label={scheme === 'dark' ? 'Light colours' : 'Dark colours'}>
              <ActionIcon variant="subtle" color="gray" onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')} aria-label={scheme === 'dark' ? 'Light colours' : 'Dark colours'}>
                {scheme === 'dark' ? <Sun size={18} /> : <Moon size={18} />}
              </ActionIcon>
            </Tooltip>
            <Tooltip label="Change your password">
              <ActionIcon variant="subtle" color="gray" onClick={changePassword} aria-label="Change your password">
                <KeyRound size={18} />
              </ActionIcon>
            </Tooltip>
            <Tooltip label="Log out">
              <ActionIcon variant="subtle" color="gray" onClick={() => void logOut()} aria-label="Log out">
                <LogOut size={18} />
              </ActionIcon>
            </Tooltip>
          </div>
        </div>
      </nav>
      <main className="main" id="main" tabIndex={-1}>
        <div role="status" className="not-live">
          {since !== undefined && (
            <>
              <Unplug size={16} aria-hidden /> Not live since <Clock at={since} />. What you see may be old; the manager is tried again by itself.
            </>
          )}
        </div>
        {children}
      </main>
      <Palette />
    </div>
  );
}
