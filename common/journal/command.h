#ifndef COMMON_JOURNAL_COMMAND_H_
#define COMMON_JOURNAL_COMMAND_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/ids.h"
#include "common/journal/states.h"
#include "common/store/database.h"
#include "google/protobuf/message.h"

namespace critac::journal {

// What a command sees and says while it is decided. A command does no I/O (but see Command::alone), reads no clock and
// no random source but those of its draft; what it says takes effect only when it returns OK and the
// batch commits.
class Draft : public States {
 public:
  // The time of the batch, in whole microseconds; not before that of the batch before.
  virtual absl::Time now() const = 0;
  // Who gave the command: a principal.
  virtual const std::string& actor() const = 0;
  // Random ids.
  virtual IdSource& ids() const = 0;
  // Last event so far, those of this draft included.
  virtual int64_t sequence() const = 0;
  // `PREFIX00000123`: numbered by the event that is emitted next, so that names sort by age.
  std::string NameByEvent(absl::string_view prefix) const {
    return absl::StrCat(prefix, absl::Dec(sequence() + 1, absl::kZeroPad8));
  }

  // Puts the texts of the vault in the place of references in a copy of a state, to compare it with
  // what a caller sends.
  virtual void ReadTexts(google::protobuf::Message& message) = 0;

  // Says that something happened to `subject`. It is applied at once: Find sees it. Fields of
  // `payload` that are kept in the vault are taken out of it and put there.
  template <typename T>
  void Emit(absl::string_view subject, T payload) {
    EmitMessage(subject, std::make_shared<T>(std::move(payload)));
  }
  virtual void EmitMessage(absl::string_view subject,
                           std::shared_ptr<google::protobuf::Message> payload) = 0;

  // Answers with the state of a resource as it is at the end of this command. The last answer counts.
  virtual void AnswerWith(absl::string_view name) = 0;
  // Answers with a message, whose vault fields hold references, as those of states do.
  virtual void AnswerWith(std::unique_ptr<google::protobuf::Message> message) = 0;
};

// Decides a command: says what happened, or returns an error, and then nothing happened.
using Decide = absl::AnyInvocable<absl::Status(Draft& draft)>;

// Whether a command may still be decided, by what is no record: a lease, say. Asked in the transaction that would
// commit it, so that what it locks (Connection::QueryForUpdate) stays as it is until the commit. Returns an error, and
// nothing happened.
using Guard = std::function<absl::Status(store::Connection& connection)>;

struct Command {
  // The caller's UUID: the same id with the same content returns the first answer. Empty: the
  // command is not repeated.
  std::string request_id;
  // Digest of method and content; another content under the same id is refused (INVALID_ARGUMENT,
  // REQUEST_ID_REUSED).
  std::string fingerprint;
  // Who gives it: a principal.
  std::string actor;
  // W3C trace of the call or job that it is part of, as ParseTrace gives it; not recorded. Empty:
  // none.
  std::string trace;
  // Resources it will look at, loaded together. Others are loaded when asked for.
  std::vector<std::string> reads;
  // How to decide it. May be called more than once, when a batch is tried again.
  Decide decide;
  // Asked each time before `decide`; not for a command that was answered already. Null: it may always be decided.
  Guard guard = nullptr;
  // It has a transaction of its own, so that all that came before it is committed and nobody else, of this process or
  // another, writes while it is decided: `decide` may read records through the journal, and they are those that it
  // decides on. It must not give the journal a command, nor wait for one, or for another service. All writers wait as
  // long as it takes, those of other processes at most DatabaseOptions::busy_timeout. For what others would overtake
  // over and over otherwise.
  bool alone = false;
};

// What a command was answered. Vault fields hold their text.
struct Answer {
  // The caller's own. Null where the command gave no answer.
  std::unique_ptr<google::protobuf::Message> message;
  // The command was known already: nothing happened now.
  bool replayed = false;
};

using Done = absl::AnyInvocable<void(absl::StatusOr<Answer>)>;

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_COMMAND_H_
