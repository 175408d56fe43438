# The version of Tenon and of its SDK. The ABI has a version of its own: see tenon/plugin.h.
set(TENON_VERSION 0.1.0)
# The day of that version, for the manual pages.
set(TENON_DATE 2026-11-29)
