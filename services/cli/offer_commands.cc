#include <memory>
#include <string>
#include <vector>

#include "common/status/error.h"
#include "critac/matching/v1/engagement.grpc.pb.h"
#include "services/cli/commands.h"
#include "services/cli/resource_commands.h"
#include "services/cli/set_field.h"

namespace critac::cli {
namespace {

using matching::v1::EngagementService;
using matching::v1::Offer;

Columns OfferColumns() {
  return {Name("name", "name"),
          Name("request", "request"),
          Field("slot", "assignment.slot"),
          Brief("expert", "assignment.expert"),
          Brief("partner", "assignment.partner"),
          Field("state", "state"),
          Day("answer by", "answer_by"),
          Number("reminders", "reminder_count"),
          Number("score", "assignment.score_e6")};
}

struct AnswerArguments {
  std::string name;
  std::string code;
  std::string reason;
};

absl::Status RunAccept(Context& context, const AnswerArguments& arguments) {
  matching::v1::AcceptOfferRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.name));
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Offer offer, context.Call(&EngagementService::Stub::AcceptOffer, request));
  return context.printer().Show(offer, OfferColumns());
}

absl::Status RunDecline(Context& context, const AnswerArguments& arguments) {
  matching::v1::DeclineOfferRequest request;
  RETURN_IF_ERROR(SetField(request, "name", arguments.name));
  RETURN_IF_ERROR(SetField(request, "code", arguments.code));
  request.set_reason(arguments.reason);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), context.RequestId());
  ASSIGN_OR_RETURN(const Offer offer,
                   context.Call(&EngagementService::Stub::DeclineOffer, request));
  return context.printer().Show(offer, OfferColumns());
}

}  // namespace

void AddOfferCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "offer", "Partners asked to send an expert");
  AddGet(noun, context, MethodOf(context, &EngagementService::Stub::GetOffer), "Shows an offer",
         {"critac offer get of-3p9q"}, OfferColumns());
  AddList(noun, context, MethodOf(context, &EngagementService::Stub::ListOffers),
          "Lists offers, newest first; a partner sees its own",
          {"critac offer list --state open --as partner:partners/iacp",
           "critac offer list --request fy27-000001 --slot s1",
           "critac offer list --state open --filter 'answer_by <= 2026-12-01'"},
          "offers", OfferColumns(),
          {{"--request", "request", "Only this request's", nullptr, "requests"},
           {"--slot", "slot", "Only of this slot"},
           {"--state", "state", "Only those in this state", matching::v1::OfferState_descriptor()},
           {"--partner", "partner", "Only this partner's", nullptr, "partners"},
           {"--expert", "expert", "Only for this expert", nullptr, "experts"}});

  auto acceptance = std::make_shared<AnswerArguments>();
  CLI::App& accept =
      context.AddCommand(noun, "accept", "Accepts an offer",
                         {"critac offer accept of-3p9q --as partner:partners/iacp"},
                         [&context, acceptance] { return RunAccept(context, *acceptance); });
  accept.add_option("NAME", acceptance->name, "The offer")->required();
  context.AddRequestId(accept);

  auto refusal = std::make_shared<AnswerArguments>();
  CLI::App& decline = context.AddCommand(
      noun, "decline", "Declines an offer; the expert is not offered that slot again",
      {"critac offer decline of-3p9q --code workload --reason 'two deployments in May' --as "
       "partner:partners/iacp"},
      [&context, refusal] { return RunDecline(context, *refusal); });
  decline.add_option("NAME", refusal->name, "The offer")->required();
  decline
      .add_option("--code", refusal->code, "not-available, conflict, workload, expertise or other")
      ->required();
  decline.add_option("--reason", refusal->reason, "In words");
  context.AddRequestId(decline);
}

}  // namespace critac::cli
