// Who is there decides what is shown: the first visit, the log-in, or the interface with its places.
import { Center, Loader } from '@mantine/core';
import { Suspense, useCallback, useEffect, useState } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import type { Session } from '../generated/api';
import { call, client, Problem, sessionEnded } from './kit/api';
import { AskProvider } from './kit/ask';
import { Boundary, part } from './kit/boundary';
import { ChangePassword, FirstVisit, LogIn } from './kit/gate';
import { useLive } from './kit/live';
import { SessionProvider } from './kit/session';
import { Empty, ProblemCard, Waiting } from './kit/states';
import { Shell } from './shell';
import { Overview } from './pages/overview';

const Systems = part(() => import('./pages/systems'));
const AddSystems = part(() => import('./pages/add'));
const SystemPage = part(() => import('./pages/system'));
const SecureOnlyPage = part(() => import('./pages/secure_only'));
const Campaigns = part(() => import('./pages/campaigns'));
const CampaignPage = part(() => import('./pages/campaign'));
const Certificates = part(() => import('./pages/certificates'));
const CertificatePage = part(() => import('./pages/certificate'));
const Requests = part(() => import('./pages/requests'));
const Issuers = part(() => import('./pages/issuers'));
const Roots = part(() => import('./pages/roots'));
const Tickets = part(() => import('./pages/tickets'));
const TicketPage = part(() => import('./pages/ticket'));
const Jobs = part(() => import('./pages/jobs'));
const Audit = part(() => import('./pages/audit'));
const People = part(() => import('./pages/people'));
const Tokens = part(() => import('./pages/tokens'));
const Settings = part(() => import('./pages/settings'));
const About = part(() => import('./pages/about'));
const SetUp = part(() => import('./pages/set_up'));
const Arrivals = part(() => import('./pages/arrivals'));
const Phonebooks = part(() => import('./pages/phonebooks'));

function Inside() {
  const since = useLive();
  const [place] = useLocation();
  return (
    <Shell since={since}>
      <Boundary place={place}>
        <Suspense fallback={<Waiting lines={6} />}>
          <Switch>
            <Route path="/">
              <Overview />
            </Route>
            <Route path="/systems" component={Systems} />
            <Route path="/systems/add" component={AddSystems} />
            <Route path="/systems/:id/:part?">{({ id, part }) => <SystemPage key={id} id={id} part={part} />}</Route>
            <Route path="/arrivals/:part?">{({ part }) => <Arrivals part={part} />}</Route>
            <Route path="/secure-only" component={SecureOnlyPage} />
            <Route path="/campaigns" component={Campaigns} />
            <Route path="/campaigns/:id">{({ id }) => <CampaignPage key={id} id={id} />}</Route>
            <Route path="/certificates" component={Certificates} />
            <Route path="/certificates/:fingerprint">{({ fingerprint }) => <CertificatePage key={fingerprint} fingerprint={fingerprint} />}</Route>
            <Route path="/requests" component={Requests} />
            <Route path="/issuers" component={Issuers} />
            <Route path="/roots" component={Roots} />
            <Route path="/tickets" component={Tickets} />
            <Route path="/tickets/:id">{({ id }) => <TicketPage key={id} id={id} />}</Route>
            <Route path="/jobs" component={Jobs} />
            <Route path="/audit" component={Audit} />
            <Route path="/people" component={People} />
            <Route path="/tokens" component={Tokens} />
            <Route path="/phonebooks" component={Phonebooks} />
            <Route path="/settings/:part?">{({ part }) => <Settings part={part} />}</Route>
            <Route path="/about" component={About} />
            <Route path="/set-up/:step?">{({ step }) => <SetUp step={step} />}</Route>
            <Route path="/log-in">
              <Redirect to="/" />
            </Route>
            <Route>
              <Empty title="There is no such page">Choose a place at the left, or press Ctrl + K and type what you look for.</Empty>
            </Route>
          </Switch>
        </Suspense>
      </Boundary>
    </Shell>
  );
}

type Who = { kind: 'asking' } | { kind: 'setup' } | { kind: 'nobody'; ended: boolean } | { kind: 'somebody'; session: Session } | { kind: 'failed'; error: unknown };

/** Asked in an order that makes no refusal when somebody is logged in, and one at most when nobody is. */
async function find(ended: boolean): Promise<Who> {
  try {
    const { pending } = await call('GET /setup');
    if (pending) return { kind: 'setup' };
    return { kind: 'somebody', session: await call('GET /session') };
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return { kind: 'nobody', ended };
    return { kind: 'failed', error };
  }
}

export function App() {
  const [who, setWho] = useState<Who>({ kind: 'asking' });
  const look = useCallback(async (ended = false) => {
    const found = await find(ended);
    if (found.kind !== 'somebody') client.clear();
    setWho(found);
  }, []);
  useEffect(() => {
    void look();
    const again = () => void look(true);
    sessionEnded.addEventListener('ended', again);
    return () => sessionEnded.removeEventListener('ended', again);
  }, [look]);
  switch (who.kind) {
    case 'asking':
      return (
        <Center h="100dvh" role="status" aria-label="Loading">
          <Loader aria-hidden />
        </Center>
      );
    case 'failed':
      return (
        <main className="gate">
          <ProblemCard error={who.error} again={() => void look()} />
        </main>
      );
    case 'setup':
      return (
        <FirstVisit
          done={async () => {
            // The other two steps are places of the interface.
            history.replaceState(null, '', '/set-up/name');
            await look();
          }}
        />
      );
    case 'nobody':
      return <LogIn done={look} ended={who.ended} />;
    default:
      if (who.session.must_change_password) return <ChangePassword session={who.session} done={look} />;
      return (
        <SessionProvider value={who.session}>
          <AskProvider>
            <Inside />
          </AskProvider>
        </SessionProvider>
      );
  }
}
