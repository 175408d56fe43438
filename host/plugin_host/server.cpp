#include "host/plugin_host/server.h"

#include <cstdio>
#include <string_view>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace tenon::plugin_host {
namespace {

using plugin::FrameType;
using plugin::Hook;
using plugin::Message;

constexpr Hook kAllHooks[] = {Hook::kBegin, Hook::kSystemPrompt, Hook::kRemind, Hook::kCarry,
                              Hook::kTasks, Hook::kPrompts,      Hook::kPrompt};

/// The host keeps much less of the text of a hook.
constexpr std::size_t kMaxHookText = 1U << 20U;

/// The host has sent what no host of this protocol sends.
[[noreturn]] void leave_malformed() {
    ::_exit(3);
}

}  // namespace

void Server::serve() {
    for (;;) {
        {
            Lock lock(mutex_);
            ++idle_;
            while (someone_reads_)
                reading_is_free_.wait(lock);
            --idle_;
            someone_reads_ = true;
        }
        const Message order = read_order();
        hand_over_reading();
        carry_out(order);
    }
}

/// Reads until a message comes that takes time.
Message Server::read_order() {
    for (;;) {
        Message message = link_.receive();
        if (message.type == FrameType::kReply) {
            link_.answer(message);
        } else if (message.type == FrameType::kCancel) {
            std::shared_ptr<RemoteCall> call;
            {
                const Lock lock(mutex_);
                if (const auto found = calls_.find(message.id); found != calls_.end())
                    call = found->second;
            }
            if (call) call->cancel();
        } else if (message.type == FrameType::kInvoke) {
            // The call is known before the next message is read, which may cancel it.
            auto invocation = plugin::decode<plugin::Invocation>(message.payload);
            if (!invocation) leave_malformed();
            const Lock lock(mutex_);
            calls_[message.id] = std::make_shared<RemoteCall>(
                link_, message.id, invocation->deadline_ns, max_result_bytes_);
            return message;
        } else {
            return message;
        }
    }
}

void Server::hand_over_reading() {
    bool needs_thread = false;
    {
        const Lock lock(mutex_);
        someone_reads_ = false;
        needs_thread = idle_ == 0;
    }
    if (!needs_thread) {
        reading_is_free_.notify_one();
        return;
    }
    try {
        std::thread([this] { serve(); }).detach();
    } catch (const std::system_error& e) {
        // Without a thread that reads, a request of the plugin is never answered. The host ends
        // this process when the time of the call is over.
        std::fprintf(stderr, "tenon-plugin-host has no further thread: %s\n", e.what());
    }
}

void Server::carry_out(const Message& order) {
    switch (order.type) {
        case FrameType::kCreate:
            return create(order);
        case FrameType::kListTools:
            return list_tools();
        case FrameType::kInvoke:
            return invoke(order);
        case FrameType::kHook:
            return run_hook(order);
        case FrameType::kReconfigure:
            return reconfigure(order);
        case FrameType::kDestroy:
            destroy();
        default:
            leave_malformed();
    }
}

/// The host sends the next order only when it has this answer, so no two orders overlap. But only a
/// mutex makes one thread see what another one has written: the thread of the next order takes it
/// after this one, in hand_over_reading.
void Server::answer(FrameType type, std::string_view payload) {
    { const Lock lock(mutex_); }
    link_.send(type, 0, payload);
}

void Server::refuse(const plugin::Refusal& refusal) {
    answer(FrameType::kRefused, plugin::encode(refusal));
}

void Server::send_listing() {
    plugin::Listing listing{instance_->tools(), {}};
    for (const Hook hook : kAllHooks)
        if (instance_->has_hook(hook)) listing.hooks.push_back(hook);
    answer(FrameType::kTools, plugin::encode(listing));
}

void Server::create(const Message& order) {
    auto options = plugin::decode<plugin::InstanceOptions>(order.payload);
    if (!options || instance_) leave_malformed();
    auto created = plugin::LocalInstance::create(library_, std::move(*options), host_);
    if (!created) return refuse(created.error());
    instance_ = std::move(*created);
    send_listing();
}

void Server::list_tools() {
    if (!instance_) leave_malformed();
    if (auto listed = instance_->refresh_tools(); !listed) return refuse(listed.error());
    send_listing();
}

void Server::invoke(const Message& order) {
    const auto invocation = plugin::decode<plugin::Invocation>(order.payload);
    if (!invocation || !instance_) leave_malformed();
    std::shared_ptr<RemoteCall> call;
    {
        const Lock lock(mutex_);
        call = calls_[order.id];
    }
    const tenon_rc rc = instance_->invoke(invocation->tool, invocation->arguments, *call);
    {
        const Lock lock(mutex_);
        calls_.erase(order.id);
    }
    call->finish(rc);
}

void Server::run_hook(const Message& order) {
    const auto hook = plugin::decode<plugin::HookCall>(order.payload);
    if (!hook || !instance_) leave_malformed();
    const std::string text = instance_->run_hook(hook->hook, hook->input);
    answer(FrameType::kHookText, std::string_view(text).substr(0, kMaxHookText));
}

void Server::reconfigure(const Message& order) {
    if (!instance_) leave_malformed();
    if (auto done = instance_->reconfigure(order.payload); !done)
        return refuse({done.error().message, ""});
    answer(FrameType::kDone, {});
}

/// Without the destructors of static objects: threads of this program still use theirs.
void Server::destroy() {
    instance_.reset();
    std::fflush(nullptr);
    ::_exit(0);
}

}  // namespace tenon::plugin_host
