#include "host/permission/builtin_list.h"

#include <gtest/gtest.h>

namespace tenon::permission {
namespace {

std::string hit(const std::string& text) {
    for (const shell::Part& part : shell::parse_script(text).parts)
        if (const auto why = builtin_denial(part, "/srv/work/space", "/home/u")) return *why;
    return {};
}

TEST(BuiltinList, HitsWhatItIsFor) {
    for (const std::string text : {
             "rm -rf /",
             "rm -r /",
             "rm -R /",
             "rm -fr /",
             "rm -f -r /",
             "rm / -rf",
             "rm --recursive /",
             "rm --force --rec /",
             "rm -rf -- /",
             "rm -rf --no-preserve-root /",
             "rm -rf /*",
             "rm -rf ~",
             "rm -rf ~/",
             "rm -rf ~/*",
             "rm -rf $HOME",
             "rm -rf \"$HOME\"",
             "rm -rf ${HOME}",
             "rm -rf \"${HOME}/\"",
             "rm -rf $HOME/*",
             "rm -rf \"$HOME\"/*",
             "rm -rf ~/..",
             "rm -rf ~root",
             "rm -rf /home/u",
             "rm -rf /etc",
             "rm -rf /usr/",
             "rm -rf /home/*",
             "rm -rf //etc",
             "rm -rf /./etc",
             "rm -rf /etc/../usr",
             "rm -rf /etc/.",
             "rm -rf '/etc'",
             "rm -rf /e*",
             "rm -rf x /etc y",
             "rm -rf ../../..",
             "rm -rf ../../../etc",
             "/bin/rm -rf /",
             "\\rm -rf /",
             "r\"m\" -rf /",
             "rm -\\rf /",
             "A=1 rm -rf /",
             "a; rm -rf /",
             "if a; then rm -rf /; fi",
             "(rm -rf /)",
             "echo $(rm -rf /)",
             "env rm -rf /",
             "bash -c 'rm -rf /'",
             "find . -exec rm -rf / \\;",
             "xargs rm -rf /",
             "timeout 5 rm -rf /",
             "eval 'rm -rf /'",
             "bash <<E\nrm -rf ~\nE",
             "bash -c \"rm -rf $HOME\"",
             "sudo ls",
             "/usr/bin/sudo ls",
             "su\"do\" ls",
             "A=1 sudo ls",
             "true | sudo tee f",
             "env sudo ls",
             "nohup sudo ls",
             "shutdown now",
             "reboot",
             "/sbin/reboot",
             "halt",
             "poweroff -f",
             "command reboot",
             "nice -n 1 reboot",
             "f() { reboot; }",
             "echo > /dev/sda",
             "cat x >> /dev/nvme0n1p2",
             "a >| /dev/vda1",
             "a &> /dev/mmcblk0",
             "a 3<> /dev/sdb",
             "{ a; } > /dev/dm-0",
             "dd if=/dev/zero of=/dev/sda bs=1M",
             "dd of='/dev/mapper/root'",
             "tee /dev/sda",
             "a | tee -a f /dev/loop3",
             "cp x.img /dev/sdb",
             "cp -f x /dev/disk/by-id/y",
             "mkfs.ext4 /dev/sda1",
             "mkfs -t ext4 /dev/md0",
             "/sbin/mkfs.xfs /dev/sdc",
             "dd of=/dev/../dev/sda",
             "dd of=/dev/sd?",
         }) {
        SCOPED_TRACE(text);
        EXPECT_NE(hit(text), "");
    }
}

TEST(BuiltinList, LeavesEverythingElseAlone) {
    for (const std::string text : {
             "a 2>/dev/null",
             "a >/dev/null 2>&1",
             "rm -rf ./build",
             "rm -rf build",
             "rm -rf /tmp/x",
             "rm -rf /tmp/x/*",
             "rm -rf ~/build",
             "rm -rf \"$HOME/x\"",
             "rm -rf $HOMER",
             "rm -rf '$HOME'",
             "rm -rf '~'",
             "rm -rf $X",
             "rm -rf .",
             "rm -rf *",
             "rm -rf ../x",
             "rm /etc/hosts",
             "rm -f /",
             "rm -- -r /",
             "rm -rf a/../b",
             "echo sudo",
             "grep -r reboot .",
             "man shutdown",
             "which sudo",
             "command -v sudo",
             "./reboot",
             "tools/halt x",
             "echo 'rm -rf /'",
             "echo rm -rf /",
             "git commit -m 'sudo rm -rf /'",
             "cat <<E\nsudo rm -rf /\nE",
             "ls # sudo",
             "rebooter",
             "dd if=/dev/sda of=disk.img",
             "dd of=/dev/null",
             "cp /dev/sda1 disk.img",
             "tee /dev/stderr",
             "a > /dev/stdout",
             "mkfs.ext4 disk.img",
             "cat < /dev/sda",
             "a > /dev/tty",
             "a > /dev/shm/x",
             "a > dev/sda",
             "rm -rf node_modules /srv/work/space/build",
             "ls -R /",
             "cp -r / x",
         }) {
        SCOPED_TRACE(text);
        EXPECT_EQ(hit(text), "");
    }
}

TEST(BuiltinList, FollowsTheLiteralDirectoriesOfTheText) {
    for (const std::string text :
         {"cd / && rm -rf usr", "cd /\nrm -rf usr", "cd /usr && cd .. && rm -rf etc",
          "(cd / && rm -rf etc)", "pushd /; rm -rf etc", "cd; rm -rf *",
          "cd / && sh -c 'rm -rf etc'", "cd /dev && a > sda", "cd /dev; dd of=sda",
          "env -C / rm -rf etc"}) {
        SCOPED_TRACE(text);
        EXPECT_NE(hit(text), "");
    }
    for (const std::string text : {"rm -rf usr; cd /", "cd /tmp && rm -rf usr", "cd / && ls",
                                   "cd \"$x\" && rm -rf *", "cd sub && rm -rf *"}) {
        SCOPED_TRACE(text);
        EXPECT_EQ(hit(text), "");
    }
}

TEST(BuiltinList, JudgesOperandsFromTheDirectoryOfTheCall) {
    const auto hit_from = [](const std::string& cwd, const std::string& text) {
        for (const shell::Part& part : shell::parse_script(text).parts)
            if (builtin_denial(part, cwd, "/home/u")) return true;
        return false;
    };
    EXPECT_TRUE(hit_from("/", "rm -rf etc"));
    EXPECT_TRUE(hit_from("/home/u", "rm -rf *"));
    EXPECT_FALSE(hit_from("/home/u", "rm -rf build"));
    EXPECT_FALSE(hit_from("/srv", "rm -rf build *.o"));
}

TEST(BuiltinList, SaysWhatItHit) {
    EXPECT_EQ(hit("rm -rf x \"$HOME\""), "recursive rm of \"$HOME\"");
    EXPECT_EQ(hit("/usr/bin/sudo ls"), "sudo");
    EXPECT_EQ(hit("a > '/dev/sda'"), "writing to the block device /dev/sda");
}

}  // namespace
}  // namespace tenon::permission
