#!/bin/bash
# Runs inside a root directory of a distribution, as root: what an administrator does with the package of Tenon, and what
# must hold then. /t holds tenon.deb, newer.deb (the same with a higher version and another tenon.xml), hello.so (a plugin)
# and session.jsonl (a recorded run).
set -euo pipefail
cd /
fail() { echo "FAILED: $*"; exit 1; }
step() { echo "-- $*"; }
as_ada() { su -s /bin/bash ada -c "cd ~ && $1"; }
installed() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' | awk '$1 == "installed" {print $2}' | sort; }
# Every path that Tenon could have made. The user's own files are not the package's.
traces() { find / -xdev \( -path /proc -o -path /home -o -path /t -o -path /tmp -o -path /usr/local -o -path /var/log -o -path /var/cache -o -path /var/lib/apt \) -prune -o -iname '*tenon*' -print; }
# await CONDITION: evaluates it until it is true, for at most two minutes.
await() {
    local end=$((SECONDS + 120))
    until eval "$1"; do
        [ $SECONDS -lt $end ] || fail "never true: $1"
        sleep 0.1
    done
}

step "install: with its dependencies and nothing else"
apt-get update -q >/dev/null
installed >/tmp/before
apt-get install -y -q --no-install-recommends /t/tenon.deb >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; fail "apt-get install"; }
installed >/tmp/after
added=$(comm -13 /tmp/before /tmp/after | grep -vx tenon || true)
echo "more packages:" $added
[ "$(wc -w <<<"$added")" -le 5 ] || fail "more than five more packages"

step "the quickstart's job as a user"
useradd --create-home --shell /bin/bash ada
as_ada /usr/share/tenon/examples/quickstart.sh >/tmp/quickstart.log 2>&1 || { cat /tmp/quickstart.log; fail quickstart; }
grep -q 'tenon holds' /tmp/quickstart.log || fail "the quickstart wrote no poem"
grep -q 'is completed' /tmp/quickstart.log || fail "the quickstart's job did not complete"
as_ada 'tenon --version'

step "the administrator's own plugin"
mkdir -p /usr/local/lib/tenon/plugins
cp /t/hello.so /usr/local/lib/tenon/plugins/
answer=$(as_ada "tenon tool hello_c '{\"name\":\"Ada\"}' --yes")
grep -q Ada <<<"$answer" || fail "the plugin in /usr/local was not called"

step "the administrator's configuration"
sed -i 's#^</tenon>#  <jobs><keepDays>7</keepDays></jobs>\n</tenon>#' /etc/tenon/tenon.xml
as_ada 'tenon config show' | grep -E 'jobs.keepDays +7 .*/etc/tenon/tenon.xml:' || fail "tenon.xml is not used"
printf '<tenon><model><name final="true">house-model</name></model></tenon>\n' >/etc/tenon/conf.d/10-house.xml
as_ada 'tenon config show --model other' 2>/dev/null | grep -E 'model.name +house-model .*10-house.xml' || fail "conf.d is not used, or its lock does not hold"

step "upgrade: 100 jobs run, and a session is open"
exec 8>/tmp/gate
chmod 644 /tmp/gate
flock -x 8
as_ada 'for i in $(seq 100); do tenon jobs run -- "flock -s /tmp/gate true; echo job $i; exit $((i % 7))"; done' >/tmp/ids
[ "$(wc -l </tmp/ids)" = 100 ] || fail "100 jobs were not started"
exec 9>/tmp/session-gate
chmod 644 /tmp/session-gate
flock -x 9
mkfifo /tmp/keys
chown ada /tmp/keys
su -s /bin/bash ada -c 'cd ~ && TERM=dumb script -qefc "tenon --replay /t/session.jsonl --yes --session open" ~/screen' </tmp/keys >/dev/null 2>&1 &
session=$!
exec 7>/tmp/keys
await 'grep -q "/help lists" /home/ada/screen 2>/dev/null'
printf 'first\r' >&7
await 'grep -q "the first answer" /home/ada/screen'
apt-get install -y -q -o Dpkg::Options::=--force-confold /t/newer.deb >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; fail "upgrade"; }
grep -q keepDays /etc/tenon/tenon.xml || fail "the upgrade has lost the change of tenon.xml"
[ "$(dpkg-query -W -f '${Version}' tenon)" = "$(dpkg-deb -f /t/newer.deb Version)" ] || fail "not upgraded"
printf 'second\r' >&7
await 'grep -Eq "the second answer|restart" /home/ada/screen'
flock -u 9
await 'grep -Eq "the job has ended|restart" /home/ada/screen'
jobs=$(as_ada 'tenon jobs list --json')
grep -q '"exit_code":3[,}]' <<<"$jobs" || fail "the job of the open session has no true exit code"
printf '/exit\r' >&7
exec 7>&-
wait $session || fail "the open session ended with $?"
flock -u 8
as_ada 'tenon jobs wait --timeout 120s $(cat /tmp/ids) >/dev/null || true
    i=0
    while read -r id; do
        i=$((i + 1))
        tenon jobs show --json $id | grep -q "\"exit_code\":$((i % 7))[,}]" || { echo "job $i:"; tenon jobs show $id; exit 1; }
        tenon jobs logs $id | grep -qx "job $i" || { echo "job $i: its output is lost"; exit 1; }
    done </tmp/ids' || fail "jobs that ran during the upgrade"
echo "100 jobs: 0 lost, every exit code true"

step "remove while a job runs"
flock -x 8
id=$(as_ada 'tenon jobs run -- "flock -s /tmp/gate true; exit 5"')
apt-get remove -y -q tenon >/dev/null 2>&1
[ ! -e /usr/bin/tenon ] || fail "not removed"
grep -q keepDays /etc/tenon/tenon.xml || fail "removing has lost tenon.xml"
flock -u 8
await '[ -s /home/ada/.local/state/tenon/jobs/'"$id"'/status.json ]'
apt-get install -y -q /t/newer.deb >/dev/null 2>&1
job=$(as_ada "tenon jobs show --json $id")
grep -q '"exit_code":5[,}]' <<<"$job" || fail "the job that ran meanwhile was lost"
grep -q keepDays /etc/tenon/tenon.xml || fail "installing again has lost tenon.xml"

step "purge while a job runs"
flock -x 8
id=$(as_ada 'tenon jobs run -- "flock -s /tmp/gate true; exit 6"')
rm /etc/tenon/conf.d/10-house.xml # the administrator's own file, which no package removes
apt-get purge -y -q tenon >/dev/null 2>&1
flock -u 8
await '[ -s /home/ada/.local/state/tenon/jobs/'"$id"'/status.json ]'
grep -q '"exit_code":6[,}]' "/home/ada/.local/state/tenon/jobs/$id/status.json" || fail "the job that ran meanwhile has no true status"
left=$(traces)
[ -z "$left" ] || fail "left after the purge: $left"
echo "nothing is left"
