#pragma once

/// What an authority sent back for requests that people carried to it: read in any form, matched to requests by public keys alone, and
/// checked whole before anything of it is taken (REQ CRT-3, docs/by-hand.md). Each certificate is judged for itself: what fits is taken
/// though another does not. Pure: no disk, no clock, no database.

#include "base/result.hpp"
#include "base/utc_time.hpp"
#include "manager/store/request_store.hpp"
#include "pki/certificate.hpp"

#include <string>
#include <vector>

namespace countersign::manager {

struct AnswerFile {
    std::string name;  ///< for people; never a path that is opened
    std::string bytes;
};

/// Certificates of all files, those of authorities apart.
struct ReadAnswers {
    struct Leaf {
        std::string file;
        pki::Certificate certificate;
    };
    struct Problem {
        std::string file;
        Error error;
    };
    std::vector<Leaf> leaves;  ///< each once
    std::vector<pki::Certificate> authorities;
    std::vector<Problem> problems;
};

/// PEM with one or many, DER, PKCS#7, and tar or zip with any of these in it. What else an archive holds (the requests and the manifest
/// that were downloaded, notes) is left out; a broken certificate is not. CRT-001, CRT-002, CRT-006, CRT-007, CRT-025, CRT-029, FIL-003,
/// MGR-175 and their like.
ReadAnswers read_answers(std::vector<AnswerFile> const& files);

struct AnswerNeeds {
    UtcTime now{};
    std::vector<pki::Certificate> roots;       ///< of the estate
    std::vector<RequestEntry> requests;        ///< those with the keys of the leaves
    std::vector<pki::Certificate> known = {};  ///< intermediate authorities that came with earlier answers
};

struct JudgedAnswers {
    struct Taken {
        RequestEntry request;
        std::string file;
        std::vector<pki::Certificate> chain;  ///< leaf first, without the root
        std::string advice;                   ///< what is worth knowing, and no reason to refuse it; mostly empty
    };
    struct Refused {
        std::string file;
        std::string subject;    ///< empty: of the file as a whole
        RequestId request = 0;  ///< 0: it answers none
        std::string system;     ///< its name
        Error error;            ///< GEN-006 with several
    };
    struct LeftOut {
        std::string file;
        std::string subject;
        std::string why;
    };
    std::vector<Taken> taken;
    std::vector<Refused> refused;
    std::vector<LeftOut> left_out;
};

/// Key (MGR-168, MGR-169, MGR-170), names (MGR-171), chain (MGR-172, MGR-173, MGR-178), dates (CRT-011, CRT-012), strength (CRT-009,
/// CRT-018, CRT-034), purpose (CRT-013). A certificate that is not good for TLS clients is taken, and said to be so: public authorities
/// give that no more. Of several good ones for one request the one that ends last is taken.
JudgedAnswers judge_answers(ReadAnswers const& read, AnswerNeeds const& needs);

}  // namespace countersign::manager
