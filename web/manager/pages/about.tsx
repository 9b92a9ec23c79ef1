// The manager itself: its checklist, its certificate, a request by hand.
import { useGet } from '../kit/api';
import { OwnCertificate, OwnReadiness, OwnRoots } from '../kit/own_certificate';
import { useMay } from '../kit/session';
import { Head, To } from '../kit/show';

export default function About() {
  const about = useGet('GET /about');
  const may = useMay();
  return (
    <>
      <Head title="This manager">
        {about.data && `${about.data.product} at ${about.data.host_name}`} {may('PATCH /policy') && <To href="/set-up/name">Change its name</To>}
      </Head>
      <div className="stack">
        <OwnReadiness title="Is it ready for Secure-Only?" />
        <OwnCertificate />
        <OwnRoots />
      </div>
    </>
  );
}
