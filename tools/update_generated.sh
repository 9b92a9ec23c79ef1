#!/usr/bin/env bash
# Rewrites every file of the repository that is made from another one. Run it after editing
# catalogue/errors.toml, catalogue/findings.toml, catalogue/strictness/*.toml, catalogue/settings.manager.toml, catalogue/certificate-profiles.toml or families/*.toml.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python3 tools/generate_errors.py catalogue/errors.toml --docs docs/errors.md
python3 tools/generate_findings.py catalogue --docs docs/findings.md
python3 tools/generate_settings.py catalogue/settings.manager.toml --docs docs/settings.md
python3 tools/generate_profiles.py catalogue/certificate-profiles.toml --docs docs/pki-profile.md
python3 tools/generate_family_docs.py
