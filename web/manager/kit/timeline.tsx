// What happened to a system, the newest first: what looks found changed, jobs, tickets, and certificates that were issued for it.
import type { Certificate, ChangedLook, Job, SeenChange, Ticket } from '../../generated/api';
import { useGet } from './api';
import { useMay } from './session';
import { Fingerprint, plainWords, To, When } from './show';
import { Empty, ErrorHint, Loaded } from './states';
import { Card } from './show';
import type { ReactNode } from 'react';

type Entry = { at: string; tone: string; text: ReactNode };

function ofJobs(jobs: Job[]): Entry[] {
  return jobs.map((one) => ({
    at: one.finished ?? one.started ?? one.created,
    tone: one.state === 'failed' ? 'bad' : one.state === 'succeeded' ? 'good' : '',
    text: (
      <>
        <b>{plainWords(one.kind)}</b> {one.state}
        {one.steps > 0 && `, step ${one.step} of ${one.steps}`}. {one.progress} {one.error_text} {one.error_code && <ErrorHint id={one.error_code} />}
      </>
    ),
  }));
}

function ofTickets(tickets: Ticket[]): Entry[] {
  return tickets.flatMap((one) => [
    { at: one.opened, tone: one.severity === 'critical' ? 'bad' : 'warn', text: <>Ticket opened: <To href={`/tickets/${one.id}`}>{one.title}</To>. {one.text}</> },
    ...(one.closed ? [{ at: one.closed, tone: 'good', text: <>Ticket closed: <To href={`/tickets/${one.id}`}>{one.title}</To></> }] : []),
  ]);
}

const ofCertificates = (certificates: Certificate[]): Entry[] =>
  certificates.map((one) => ({ at: one.first_seen, tone: '', text: <>Certificate {one.purpose === 'system' ? 'issued' : 'first seen'}: <To href={`/certificates/${one.fingerprint}`}>{one.subject}</To></> }));

const isFingerprint = (one: SeenChange) => one.kind === 'certificate' || one.kind === 'root_trusted';
const shown = (one: SeenChange, value: string) => (value && one.kind === 'certificate' ? <Fingerprint value={value} /> : value || 'none');

const ofLooks = (looks: ChangedLook[]): Entry[] =>
  looks.map((look) => ({
    at: look.at,
    tone: look.changes.some((one) => one.kind === 'level' && one.after < one.before) ? 'bad' : '',
    text: (
      <>
        Seen changed:
        {look.changes.map((one, i) => (
          <div key={i}>
            <b>{plainWords(one.kind)}</b> {one.name && (isFingerprint(one) ? <Fingerprint value={one.name} /> : one.name)} {shown(one, one.before)} → {shown(one, one.after)}
          </div>
        ))}
      </>
    ),
  }));

export function History({ system }: { system: number }) {
  const may = useMay();
  const seesCertificates = may('GET /certificates');
  const jobs = useGet('GET /jobs', { query: { system, limit: 200 } });
  const tickets = useGet('GET /tickets', { query: { system, state: 'all', limit: 200 } });
  const certificates = useGet('GET /certificates', { query: { system, limit: 200 } }, { enabled: seesCertificates });
  const looks = useGet('GET /systems/{id}/history', { params: { id: system }, query: { limit: 200 } });
  const line = (issued: Certificate[]) => {
    const entries = [...ofLooks(looks.data!.looks), ...ofJobs(jobs.data!.jobs), ...ofTickets(tickets.data!.tickets), ...ofCertificates(issued)].sort((a, b) => b.at.localeCompare(a.at));
    return entries.length === 0 ? (
      <Empty title="Nothing happened yet" />
    ) : (
      <ol className="line">
        {entries.map((one, i) => (
          <li key={i} className={one.tone}>
            <When at={one.at} with_ago /> <div>{one.text}</div>
          </li>
        ))}
      </ol>
    );
  };
  // A line with gaps would say that nothing happened: it is shown when all of it is there.
  return (
    <Card title="What happened">
      <Loaded of={jobs} operation="GET /jobs">
        {() => (
          <Loaded of={tickets} operation="GET /tickets">
            {() => <Loaded of={looks}>{() => (seesCertificates ? <Loaded of={certificates}>{(page) => line(page.certificates)}</Loaded> : line([]))}</Loaded>}
          </Loaded>
        )}
      </Loaded>
    </Card>
  );
}
