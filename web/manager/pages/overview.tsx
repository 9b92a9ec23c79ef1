// The estate at a glance.
import { Button, Group } from '@mantine/core';
import { ArrowRight, CircleCheckBig } from 'lucide-react';
import { Suspense } from 'react';
import { Link } from 'wouter';
import type { Campaign, Overview as Seen } from '../../generated/api';
import { useGet } from '../kit/api';
import { Boundary, part } from '../kit/boundary';
import { CampaignProgress } from '../kit/progress';
import { Card, Head, levelNames, several, State, To } from '../kit/show';
import { Loaded } from '../kit/states';

const LevelsOverTime = part(() => import('../kit/history_chart'));
const modeNames = { off: 'Secure-Only is off', on: 'Secure-Only is on', verify: 'Secure-Only is on, certificates are verified' };

function Next({ seen }: { seen: Seen }) {
  const [first, ...others] = seen.next;
  if (!first) {
    return (
      <section className="next-first" aria-label="What to do next">
        <CircleCheckBig color="var(--good)" aria-hidden />
        <p>Nothing waits for you.</p>
      </section>
    );
  }
  return (
    <section className="next" aria-label="What to do next">
      <div className="next-first">
        <p>{first.text}</p>
        <Button component={Link} href={`/${first.place}`} rightSection={<ArrowRight size={16} />}>
          {first.button}
        </Button>
      </div>
      {others.length > 0 && (
        <div className="next-other">
          {others.map((one) => (
            <span key={one.kind}>
              {one.text} <To href={`/${one.place}`}>{one.button}</To>
            </span>
          ))}
        </div>
      )}
    </section>
  );
}

function Levels({ seen }: { seen: Seen }) {
  const shown = [4, 3, 2, 1, 0].filter((level) => seen.levels[level] > 0);
  return (
    <Card title="Security levels" aside={<To href="/systems">{several(seen.systems, 'system')}</To>} className="wide">
      <div className="share" role="group" aria-label="Share of systems at each level">
        {shown.map((level) => (
          <Link key={level} href={`/systems?level=${level}`} className={`fill-${level}`} style={{ flexGrow: seen.levels[level], flexBasis: 0 }} aria-label={`${several(seen.levels[level], 'system')} at level ${level || 'not known'}`} />
        ))}
      </div>
      <div className="levels">
        {[4, 3, 2, 1, 0].map((level) =>
          level === 0 && !seen.levels[0] ? null : (
            <Link key={level} href={`/systems?level=${level}`}>
              <span className={`level level-${level}`}>
                <span className="level-number" aria-hidden>
                  {level || '?'}
                </span>
                {level ? `Level ${level}` : 'Not known'}
              </span>
              <b>{seen.levels[level].toLocaleString('en')}</b>
              <span className="dimmed">
                {seen.systems ? `${Math.round((seen.levels[level] * 1000) / seen.systems) / 10} %` : '–'} · {levelNames[level]}
              </span>
            </Link>
          ),
        )}
      </div>
    </Card>
  );
}

const dayName = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeZone: 'UTC' });
const monthName = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric', timeZone: 'UTC' });

function Calendar({ seen }: { seen: Seen }) {
  const ends = new Map(seen.certificates.map((one) => [one.day, one.count]));
  const most = Math.max(1, ...ends.values());
  const today = new Date(`${seen.history.at(-1)!.day}T00:00:00Z`);
  const soon = new Date(today.getTime() + 14 * 86400000).toISOString().slice(0, 10);
  const last = seen.certificates.at(-1)?.day ?? '';
  const months: Date[] = [];
  for (let i = 0; i < 13; ++i) {
    const month = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + i, 1));
    if (i < 4 || month.toISOString().slice(0, 10) <= last) months.push(month);
  }
  return (
    <Card title="Certificates by their end" aside={<To href="/certificates">All certificates</To>} className="wide">
      {seen.certificates_ended > 0 && (
        <p>
          <State value="expired" label={`${several(seen.certificates_ended, 'certificate')} ended already`} />{' '}
          <To href="/systems?expires_before=0&sort=certificate_expires">Show the systems</To>
        </p>
      )}
      <div className="calendar">
        {months.map((month) => {
          const days = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 0)).getUTCDate();
          return (
            <div key={month.toISOString()}>
              <h3>{monthName.format(month)}</h3>
              <div className="month">
                {Array.from({ length: days }, (_, i) => {
                  const at = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth(), i + 1));
                  const day = at.toISOString().slice(0, 10);
                  const count = ends.get(day);
                  const place = i === 0 ? { gridColumnStart: ((at.getUTCDay() + 6) % 7) + 1 } : undefined;
                  if (!count) return <span key={day} style={place} aria-hidden>{i + 1}</span>;
                  const heat = count > most / 2 ? 3 : count > most / 6 ? 2 : 1;
                  const next = new Date(at.getTime() + 86400000).toISOString().slice(0, 10);
                  const label = `${several(count, 'certificate')} end on ${dayName.format(at)}`;
                  return (
                    <Link key={day} style={place} href={`/systems?expires_after=${day}T00:00:00Z&expires_before=${next}T00:00:00Z&sort=certificate_expires`} className={`heat-${heat} ${day <= soon ? 'soon' : ''}`} title={label} aria-label={label}>
                      {i + 1}
                    </Link>
                  );
                })}
              </div>
            </div>
          );
        })}
      </div>
    </Card>
  );
}

const ages = [['day', 'Today'], ['week', 'This week'], ['month', 'This month'], ['older', 'Older']] as const;

function TicketAges({ seen }: { seen: Seen }) {
  const most = Math.max(1, ...ages.map(([age]) => seen.tickets.filter((one) => one.age === age).reduce((sum, one) => sum + one.count, 0)));
  const all = seen.tickets.reduce((sum, one) => sum + one.count, 0);
  return (
    <Card title="Open tickets by age" aside={<To href="/tickets">{several(all, 'ticket')}</To>}>
      <div className="ages">
        {ages.map(([age, name]) => {
          const some = seen.tickets.filter((one) => one.age === age);
          const sum = some.reduce((total, one) => total + one.count, 0);
          return (
            <div key={age} className="age">
              <span>{name}</span>
              <span className="share" style={{ width: `${Math.max(2, (sum / most) * 100)}%` }}>
                {['critical', 'warning', 'notice'].map((severity) => {
                  const count = some.find((one) => one.severity === severity)?.count ?? 0;
                  return count ? <span key={severity} className={`bar-${severity}`} style={{ flexGrow: count }} title={`${count} ${severity}`} /> : null;
                })}
              </span>
              <b>{sum.toLocaleString('en')}</b>
            </div>
          );
        })}
      </div>
      <Group gap="xs" mt="md">
        {['critical', 'warning', 'notice'].map((severity) => {
          const count = seen.tickets.filter((one) => one.severity === severity).reduce((sum, one) => sum + one.count, 0);
          return (
            <Link key={severity} href={`/tickets?severity=${severity}`} className="plain-link">
              <State value={severity} label={`${count} ${severity}`} />
            </Link>
          );
        })}
      </Group>
    </Card>
  );
}

function Work({ seen }: { seen: Seen }) {
  const { queued, running, waiting } = seen.jobs;
  const campaign = seen.campaign as Campaign | null;
  return (
    <Card title="Work under way" aside={<To href="/jobs">Jobs</To>}>
      {campaign ? (
        <div className="stack">
          <div>
            <To href={`/campaigns/${campaign.id}`}>{campaign.name || campaign.settings.name}</To> <State value={campaign.state} />
          </div>
          <CampaignProgress campaign={campaign} />
        </div>
      ) : (
        <p className="dimmed">No campaign runs.</p>
      )}
      <p className="dimmed">
        Jobs: {running} running, {queued} queued, {waiting} waiting for their systems.
      </p>
    </Card>
  );
}

export function Overview() {
  const overview = useGet('GET /overview');
  return (
    <>
      <Head title="Overview">
        {window.location.hostname}
        {overview.data && ` · ${modeNames[overview.data.secure_only]}`}
      </Head>
      <Loaded of={overview} lines={10} operation="GET /overview">
        {(seen) => (
          <div className="stack" data-ready="overview">
            <Next seen={seen} />
            {seen.systems > 0 && (
              <>
                <Levels seen={seen} />
                <div className="pair">
                  <Card title="Levels over time">
                    <Boundary>
                      <Suspense fallback={<div className="chart" />}>
                        <LevelsOverTime history={seen.history} />
                      </Suspense>
                    </Boundary>
                  </Card>
                  <div className="stack">
                    <TicketAges seen={seen} />
                    <Work seen={seen} />
                  </div>
                </div>
                <Calendar seen={seen} />
              </>
            )}
          </div>
        )}
      </Loaded>
    </>
  );
}
