#include "common/rpc/pipeline.h"

#include <grpc/support/time.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/rpc/channel.h"
#include "common/rpc/field_rules.h"
#include "common/rpc/malformed_calls.h"
#include "common/rpc/method_index.h"
#include "common/rpc/tasks.h"
#include "common/status/error.h"
#include "common/status/grpc_status.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace critac::rpc {
namespace {

using google::protobuf::Message;

absl::string_view View(grpc::string_ref text) {
  return absl::string_view(text.data(), text.size());
}

// Time left until the caller's deadline. Read as a difference, so that it does not matter which
// clock the pipeline goes by.
absl::Duration TimeLeft(const grpc::CallbackServerContext& context) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) {
    return absl::InfiniteDuration();
  }
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  return absl::Seconds(left.tv_sec) + absl::Nanoseconds(left.tv_nsec);
}

// The caller's trace where it sent one that is valid.
std::optional<std::string> ReadTrace(const grpc::CallbackServerContext& context) {
  const auto [begin, end] = context.client_metadata().equal_range(kTraceKey);
  if (begin == end || std::next(begin) != end) return std::nullopt;
  const auto [first, last] = context.client_metadata().equal_range(kTraceStateKey);
  std::string state;
  for (auto entry = first; entry != last; ++entry) {
    absl::StrAppend(&state, state.empty() ? "" : ",", View(entry->second));
  }
  return ParseTrace(View(begin->second), state);
}

absl::StatusOr<Principal> ReadPrincipal(const grpc::CallbackServerContext& context) {
  const auto [begin, end] = context.client_metadata().equal_range(kPrincipalKey);
  if (begin == end || std::next(begin) != end) {
    return Error(absl::StatusCode::kUnauthenticated,
                 begin == end ? "PRINCIPAL_MISSING" : "PRINCIPAL_INVALID",
                 absl::StrCat("metadata ", kPrincipalKey, ": ",
                              begin == end ? "is missing" : "is there more than once",
                              "; one is accepted, for example coordinator:dana"))
        .ToStatus();
  }
  return ParsePrincipal(View(begin->second));
}

absl::Status DeadlinePast(absl::string_view when) {
  return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_PAST",
               absl::StrCat("the deadline was past ", when, "; nothing was done"))
      .ToStatus();
}

absl::Status Authorize(const Method& method, const Principal& principal) {
  if (method.Allows(principal.role)) return absl::OkStatus();
  if (method.role_bits == 0) {
    return Error(absl::StatusCode::kPermissionDenied, "METHOD_CLOSED",
                 absl::StrCat(method.name, " is open to nobody"))
        .ToStatus();
  }
  return Error(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED",
               absl::StrCat("role ", RoleName(principal.role), " may not call ", method.name,
                            "; the roles that may: ", method.role_names))
      .Fact("role", RoleName(principal.role))
      .Fact("roles", method.role_names)
      .ToStatus();
}

// The request's `request_id`, for the record: only where it is one, since the rest of the request
// is not checked yet.
std::string ReadRequestId(const Method& method, const Message& request) {
  if (method.request_id == nullptr) return "";
  std::string scratch;
  const std::string& id =
      request.GetReflection()->GetStringReference(request, method.request_id, &scratch);
  return IsUuid(id) ? id : "";
}

// What tells one command from another: its method and its content. Maps are put in order.
std::string Fingerprint(const Call& call, const Message& request) {
  std::string text = absl::StrCat(call.method, "\n");
  {
    google::protobuf::io::StringOutputStream string_stream(&text);
    google::protobuf::io::CodedOutputStream stream(&string_stream);
    stream.SetSerializationDeterministic(true);
    request.SerializeToCodedStream(&stream);
  }
  return Sha256Hex(text);
}

}  // namespace

// The finish of a unary call: ends it once, and at the latest when it goes away.
class Pipeline::UnaryEnd {
 public:
  UnaryEnd(Pipeline& pipeline, grpc::ServerUnaryReactor& reactor, Message& response,
           std::unique_ptr<Passage> passage)
      : pipeline_(&pipeline),
        reactor_(&reactor),
        response_(&response),
        passage_(std::move(passage)) {}
  UnaryEnd(UnaryEnd&&) = default;
  UnaryEnd& operator=(UnaryEnd&&) = delete;
  ~UnaryEnd() {
    if (passage_ != nullptr) End(absl::InternalError("the handler ended without a status"));
  }

  void operator()(absl::Status status) {
    if (passage_ != nullptr) End(status);
  }

 private:
  void End(const absl::Status& status) {
    if (!status.ok()) response_->Clear();
    const grpc::Status sent = pipeline_->Conclude(*passage_, status);
    passage_.reset();
    reactor_->Finish(sent);
  }

  Pipeline* pipeline_;
  grpc::ServerUnaryReactor* reactor_;
  Message* response_;
  std::unique_ptr<Passage> passage_;
};

Pipeline::Pipeline(const Clock& clock, IdSource& ids, CallObserver observer, TraceSource* steps)
    : clock_(clock), ids_(ids), observer_(std::move(observer)), traces_(ids), steps_(steps) {}

Pipeline::~Pipeline() { StopStreams(); }

void Pipeline::StopStreams() { streams_.Stop(); }

void Pipeline::Configure(grpc::ServerBuilder& builder) {
  ConfigureServer(builder);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> creators;
  creators.push_back(MakeMalformedCallInterceptors(
      [this](absl::string_view path, const grpc::ServerContextBase& context) {
        return ConcludeMalformed(path, context);
      }));
  builder.experimental().SetInterceptorCreators(std::move(creators));
}

void Pipeline::Begin(const grpc::CallbackServerContext& context, const Method* method, Call& call) {
  call.start = clock_.Now();
  call.parent = ReadTrace(context).value_or("");
  if (steps_ != nullptr) {
    call.trace = steps_->NewStep(call.parent);
  } else {
    call.trace = call.parent.empty() ? traces_.NewTrace() : call.parent;
  }
  call.deadline = call.start + TimeLeft(context);
  if (method == nullptr) return;
  call.method = method->name;
  call.domain = method->domain;
  call.deadline = std::min(call.deadline, call.start + method->max_duration);
}

absl::Status Pipeline::Admit(const grpc::CallbackServerContext& context, const Message& request,
                             Passage& passage) {
  Call& call = passage.call;
  passage.request = &request;
  const Method* method = FindMethod(*request.GetDescriptor());
  Begin(context, method, call);
  if (method == nullptr) {
    return absl::InternalError(
        absl::StrCat("no method takes a ", request.GetDescriptor()->full_name()));
  }
  passage.request_id = ReadRequestId(*method, request);
  if (call.deadline <= call.start) {
    return DeadlinePast("when the call arrived");
  }
  ASSIGN_OR_RETURN(call.principal, ReadPrincipal(context));
  RETURN_IF_ERROR(Authorize(*method, call.principal));
  RETURN_IF_ERROR(CheckFields(request));
  if (HasOutputOnly(request)) {
    passage.copy.reset(request.New());
    passage.copy->CopyFrom(request);
    ClearOutputOnly(*passage.copy);
    passage.request = passage.copy.get();
  }
  return absl::OkStatus();
}

grpc::Status Pipeline::Conclude(const Passage& passage, const absl::Status& status) {
  CallRecord record{passage.call, passage.request_id, status, "",
                    clock_.Now() - passage.call.start};
  if (IsInternal(status.code())) record.incident = ids_.NewShortId(12);
  if (observer_ != nullptr) observer_(record);
  return ToGrpcStatus(status, passage.call.domain, record.incident);
}

std::optional<grpc::Status> Pipeline::ConcludeMalformed(absl::string_view path,
                                                        const grpc::ServerContextBase& base) {
  const Method* method = FindMethodByPath(path);
  if (method == nullptr) return std::nullopt;
  // All methods of the suite are of gRPC's callback API.
  const auto& context = static_cast<const grpc::CallbackServerContext&>(base);
  Passage passage(in_flight_);
  Begin(context, method, passage.call);
  if (absl::StatusOr<Principal> principal = ReadPrincipal(context); principal.ok()) {
    passage.call.principal = *std::move(principal);
  }
  return Conclude(passage, Error(absl::StatusCode::kInvalidArgument, "MALFORMED_MESSAGE",
                                 absl::StrCat("the bytes are no ",
                                              method->descriptor->input_type()->full_name(),
                                              ": cut off, of another type, with a string that is "
                                              "not UTF-8, or nested deeper than 100 messages"))
                               .ToStatus());
}

grpc::ServerUnaryReactor* Pipeline::RunAtOnce(
    grpc::CallbackServerContext& context, const Message& request,
    absl::FunctionRef<absl::Status(const Call&, const Message&)> handler) {
  grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
  Passage passage(in_flight_);
  absl::Status status = Admit(context, request, passage);
  if (status.ok()) status = handler(passage.call, *passage.request);
  reactor->Finish(Conclude(passage, status));
  return reactor;
}

void Pipeline::ReadAside(int threads, int most_waiting) {
  if (readers_ != nullptr) return;
  readers_ = std::make_unique<TaskPool>("read", threads, most_waiting);
  record_readers_ = std::make_unique<RecordReaders>(limits::kRecordReadThreads, most_waiting);
}

absl::Status Pipeline::CheckWanted(const grpc::CallbackServerContext& context, const Call& call,
                                   absl::string_view when) const {
  if (context.IsCancelled()) return absl::CancelledError("the caller is gone");
  if (clock_.Now() >= call.deadline) return DeadlinePast(when);
  return absl::OkStatus();
}

absl::Status Pipeline::CheckStillWanted(const grpc::CallbackServerContext& context,
                                        const Call& call) const {
  return CheckWanted(context, call, "when its turn came");
}

absl::Status Pipeline::DoWhileWanted(
    const grpc::CallbackServerContext& context, const Call& call,
    absl::FunctionRef<absl::Status(journal::IsWanted)> work) const {
  const auto check = [&] { return CheckWanted(context, call, "in the middle of the work"); };
  const absl::Status done = work([&] { return check().ok(); });
  RETURN_IF_ERROR(check());
  return done;
}

void Pipeline::RunAside(grpc::CallbackServerContext& context, const Call& call,
                        absl::AnyInvocable<void(Finish)> body, Finish finish) {
  RunInTasks(
      *readers_,
      [this, &context, &call, body = std::move(body)](Finish end) mutable {
        if (absl::Status status = CheckStillWanted(context, call); !status.ok()) return end(status);
        body(std::move(end));
      },
      std::move(finish));
}

void Pipeline::GetAside(grpc::CallbackServerContext& context, const Call& call,
                        const Message& request, Message& response, journal::Journal& journal,
                        RunGet run, Finish finish) {
  // One that is not taken must still be ended.
  struct Parts {
    RunGet run;
    Finish finish;
  };
  auto parts = std::make_shared<Parts>(Parts{std::move(run), std::move(finish)});
  RecordReaders::Answer answer = [this, &context, &call, &request, &response, &journal,
                                  parts](const absl::StatusOr<journal::Look>& look) {
    if (absl::Status status = CheckStillWanted(context, call); !status.ok()) {
      return parts->finish(status);
    }
    if (!look.ok()) return parts->finish(look.status());
    journal::Records records(journal, *look);
    const absl::Status status = parts->run(call, request, records);
    if (!records.is_wanting()) return parts->finish(status);
    response.Clear();
    RunAside(
        context, call,
        [&call, &request, &journal, parts](Finish end) {
          journal::Records records(journal);
          end(parts->run(call, request, records));
        },
        std::move(parts->finish));
  };
  if (!record_readers_->TryAdd(journal, answer)) parts->finish(TooManyTasks());
}

grpc::ServerUnaryReactor* Pipeline::Unary(grpc::CallbackServerContext* context,
                                          const Message& request, Message& response,
                                          Handler handler) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto passage = std::make_unique<Passage>(in_flight_);
  if (absl::Status status = Admit(*context, request, *passage); !status.ok()) {
    reactor->Finish(Conclude(*passage, status));
    return reactor;
  }
  const Passage& admitted = *passage;
  handler(admitted.call, *admitted.request,
          UnaryEnd(*this, *reactor, response, std::move(passage)));
  return reactor;
}

void Pipeline::RunStream(
    grpc::CallbackServerContext& context, const Message& request, StreamEnd& end,
    absl::AnyInvocable<absl::Status(const Call&, const Message&, StreamState&)> body) {
  auto passage = std::make_shared<Passage>(in_flight_);
  absl::Status status = Admit(context, request, *passage);
  if (status.ok()) {
    auto state = std::make_shared<StreamState>(clock_, passage->call.deadline,
                                               [&context] { context.TryCancel(); });
    passage->call.ended = state->ended();
    end.set_state(state);
    status = streams_.Start(state, [this, &end, passage, state, body = std::move(body)]() mutable {
      const absl::Status outcome = state->Outcome(body(passage->call, *passage->request, *state));
      end.End(Conclude(*passage, outcome));
    });
  }
  if (!status.ok()) end.End(Conclude(*passage, status));
}

journal::Command Pipeline::MakeCommand(const Call& call, const Message& request,
                                       journal::Decide decide) {
  journal::Command command;
  if (const Method* method = FindMethod(*request.GetDescriptor()); method != nullptr) {
    command.request_id = ReadRequestId(*method, request);
  }
  command.fingerprint = Fingerprint(call, request);
  command.actor = call.principal.ToString();
  command.trace = call.trace;
  command.decide = std::move(decide);
  return command;
}

void Pipeline::SubmitCommand(journal::Journal& journal, const Call& call, const Message& request,
                             journal::Decide decide, Message& response,
                             void (*take)(Message& answer, Message& response),
                             absl::AnyInvocable<absl::Status()> last_hand, Finish finish) {
  journal.Submit(MakeCommand(call, request, std::move(decide)),
                 [&response, take, last_hand = std::move(last_hand),
                  finish = std::move(finish)](absl::StatusOr<journal::Answer> answer) mutable {
                   if (!answer.ok()) return finish(answer.status());
                   if (answer->message != nullptr) {
                     if (answer->message->GetDescriptor() != response.GetDescriptor()) {
                       return finish(absl::InternalError(absl::StrCat(
                           "the command answered with a ", answer->message->GetTypeName(),
                           ", not with a ", response.GetTypeName())));
                     }
                     take(*answer->message, response);
                   }
                   finish(last_hand == nullptr ? absl::OkStatus() : last_hand());
                 });
}

}  // namespace critac::rpc
