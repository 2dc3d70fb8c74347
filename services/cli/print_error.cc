#include "services/cli/print_error.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "services/cli/display_width.h"

namespace critac::cli {
namespace {

struct ReasonHint {
  absl::string_view reason;
  absl::string_view hint;
};

// What to do about the reasons that a person meets most.
constexpr ReasonHint kReasonHints[] = {
    {"USAGE", "`--help` after any command shows what it takes, with examples"},
    {"INVALID_FIELD", "mend the fields named above and give the command again"},
    {"BROKEN_FILE",
     "mend the file there and import it again; rows that are known stay as they are"},
    {"REQUEST_ID_REUSED", "leave --request-id out, so that a new one is made"},
    {"AMBIGUOUS_AGENCY", "name one of the agencies above, by its name or by an identifier"},
    {"PRINCIPAL_INVALID", "say who you are: --as coordinator:dana (or set CRITAC_AS)"},
    {"QUEUE_UNAVAILABLE",
     "the records are safe; have the operators look at the Redis of the queues"},
    {"DATABASE_NOT_EMPTY",
     "take a database that is empty: another file, or one that CREATE DATABASE has just made"},
    {"DATABASE_IN_USE", "stop what has it, and give the command again"},
    {"DATA_FOLDER_IN_USE", "stop what has it, and give the command again"},
    {"JOURNAL_IN_USE", "stop the services, and give the command again; nothing was moved"},
    {"DATABASE_UNAVAILABLE",
     "see that the database runs and that its URL is right; nothing was changed"},
    {"DATABASE_READ_ONLY", "see that the one who gives the command may write there"},
    {"DATABASE_LOCALE", "make the database so, and give the command again"},
    {"DATABASE_NEWER", "use the version of the program that the database is of, or a later one"},
    {"BACKUP_FORMAT", "use the version of the program that wrote it, or a later one"},
    {"FILE_NOT_FOUND", "see that the path is right and that nothing of a backup is missing"},
    {"FILE_NOT_PERMITTED", "see that the one who gives the command may read and write there"},
    {"DISK_FULL", "make room there, and give the command again; nothing half done was left"},
    {"FILE_FAILED", "see that the disk there works, and give the command again"},
    {"NO_JOURNAL", "see that the URL is that of the service's database"},
    {"BACKUP_EXISTS", "name another folder with --to; {time} in it becomes the time of the backup"},
    {"BACKUP_DAMAGED", "take another backup; this one was not used, and nothing was changed"},
    {"JOURNAL_DAMAGED",
     "take another backup; `critac journal verify` looks at the journal of a service that runs"},
    {"NO_BACKUP", "name the folder that `critac backup` wrote: the one with manifest.json"},
    {"SHORTLIST_OLD",
     "say who serves instead: `critac meeting decide MEETING REQUEST overridden --assign "
     "SLOT=EXPERT "
     "--reason WHY`; or call a meeting anew"},
    {"ITEM_DECIDED", "`critac meeting get MEETING` shows the decision; it stands"},
    {"MEETING_OVER", "call another: `critac meeting call --request REQUEST`"},
    {"MEETING_TOO_LARGE", "name some of the requests with --request, or give a lower --alternates"},
    {"NOTHING_OPEN", "`critac demand list` shows the requests and whom they wait for"},
    {"NOT_A_MEMBER", "a membership is dated; `critac partner get PARTNER` shows from when to when"},
    {"RESOURCE_NOT_FOUND", "look up the name with the `list` command of its kind"},
};

// The nouns whose records have states, by their collections.
constexpr std::pair<absl::string_view, absl::string_view> kNouns[] = {
    {"demands/", "demand"},  {"engagements/", "engagement"}, {"meetings/", "meeting"},
    {"offers/", "offer"},    {"proposals/", "proposal"},     {"reports/", "report"},
    {"requests/", "request"}};

// What to do where a record's state forbids it.
std::string HintOfState(const absl::Status& status) {
  const google::rpc::PreconditionFailure precondition = PreconditionFailureOf(status);
  for (const auto& violation : precondition.violations()) {
    for (const auto& [collection, noun] : kNouns) {
      if (!absl::StartsWith(violation.subject(), collection)) continue;
      return absl::StrCat("change the state of the record first; `critac ", noun, " get ",
                          absl::StripPrefix(violation.subject(), collection), "` shows it");
    }
  }
  return "change the state of the record first";
}

std::string HintOf(const absl::Status& status, absl::string_view called) {
  const absl::string_view server = called.empty() ? "the center" : called;
  const std::string reason = ReasonOf(status);
  for (const ReasonHint& known : kReasonHints) {
    if (reason == known.reason) return std::string(known.hint);
  }
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return absl::StrCat("nothing answers at ", server,
                          "; start a center with `critac up`, or name another with --server");
    case absl::StatusCode::kDeadlineExceeded:
      return absl::StrCat(server,
                          " did not answer in time; a command with a --request-id can be "
                          "given again without happening twice");
    case absl::StatusCode::kUnauthenticated:
      return "say who you are: --as coordinator:dana (or set CRITAC_AS)";
    case absl::StatusCode::kPermissionDenied:
      return "give the command as one who may: --as ROLE:SUBJECT, see `critac --help`";
    case absl::StatusCode::kNotFound:
      return "look up the name with the `list` command of its kind";
    case absl::StatusCode::kAborted:
      return "the record changed in the meantime: look at it again, then repeat the command";
    case absl::StatusCode::kFailedPrecondition:
      return HintOfState(status);
    case absl::StatusCode::kAlreadyExists:
      return "use the record that is there, or change it with `update`";
    case absl::StatusCode::kResourceExhausted:
      return absl::StrCat(server, " is busy: give the command again in a moment");
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return "mend the arguments and give the command again";
    case absl::StatusCode::kUnimplemented:
      return absl::StrCat(server, " is of another version, or does not hold this service");
    default:
      return absl::StrCat("the operators find more in the log of ", server);
  }
}

void AppendLine(std::string& text, absl::string_view line) {
  absl::StrAppend(&text, "  ", Printable(line), "\n");
}

// What the message states already, word for word, is not said twice.
void AppendUnlessSaid(const absl::Status& status, const std::string& line, std::string& text) {
  if (line != status.message()) AppendLine(text, line);
}

void AppendViolations(const absl::Status& status, std::string& text) {
  const google::rpc::BadRequest bad_request = BadRequestOf(status);
  for (const auto& violation : bad_request.field_violations()) {
    AppendUnlessSaid(status, absl::StrCat(violation.field(), ": ", violation.description()), text);
  }
  const google::rpc::PreconditionFailure precondition = PreconditionFailureOf(status);
  for (const auto& violation : precondition.violations()) {
    if (violation.description() == status.message()) continue;
    AppendUnlessSaid(status, absl::StrCat(violation.subject(), ": ", violation.description()),
                     text);
  }
}

void AppendFacts(const absl::Status& status, std::string& text) {
  const auto resource = ResourceInfoOf(status);
  if (!resource.resource_name().empty()) {
    AppendLine(text, absl::StrCat("resource: ", resource.resource_name()));
  }
  const auto info = ErrorInfoOf(status);
  // A map has no order of its own.
  const std::map<std::string, std::string> facts(info.metadata().begin(), info.metadata().end());
  for (const auto& [key, value] : facts) {
    // Of records, among them those that a name could mean, each gets its line; any other fact only
    // where the message does not speak of it.
    if (absl::StrContains(key, '/')) {
      AppendLine(text, absl::StartsWith(value, key) ? value : absl::StrCat(key, ": ", value));
    } else if (!absl::StrContains(status.message(), value)) {
      AppendLine(text, absl::StrCat(key, ": ", value));
    }
  }
  const auto retry = RetryInfoOf(status);
  if (retry.has_retry_delay()) {
    const absl::Duration delay = absl::Seconds(retry.retry_delay().seconds()) +
                                 absl::Nanoseconds(retry.retry_delay().nanos());
    AppendLine(text, absl::StrCat("try again after: ", absl::FormatDuration(delay)));
  }
}

}  // namespace

std::string FormatError(const absl::Status& status, absl::string_view server) {
  // gRPC itself gives some errors without a word.
  const std::string message = status.message().empty() ? absl::StatusCodeToString(status.code())
                                                       : std::string(status.message());
  std::string text = absl::StrCat("error: ", Printable(message), "\n");
  AppendViolations(status, text);
  AppendFacts(status, text);
  const std::string reason = ReasonOf(status);
  AppendLine(text, absl::StrCat("reason: ",
                                reason.empty() ? absl::StatusCodeToString(status.code()) : reason));
  AppendLine(text, absl::StrCat("hint: ", HintOf(status, server)));
  return text;
}

}  // namespace critac::cli
