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
          Day("last reminder", "reminder_time"),
          Day("next reminder", "next_reminder_date"),
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
  AddGet(
      noun, context, MethodOf(context, &EngagementService::Stub::GetOffer),
      "Shows an offer: who is asked, until when, how often the partner was reminded and when next",
      {"critac offer get o00000431-1", "critac offer get o00000431-1 --as partner:partners/iacp"},
      OfferColumns());
  AddList(noun, context, MethodOf(context, &EngagementService::Stub::ListOffers),
          "Lists offers, newest first; a partner sees its own",
          {"critac offer list --state open --as partner:partners/iacp",
           "critac offer list --request fy27-000001 --slot s1",
           "critac offer list --reminded --partner iacp",
           "critac offer list --state open --filter 'answer_by <= 2026-12-01'",
           "critac offer list --filter 'reminder_count >= 2 AND state != OFFER_STATE_OPEN'"},
          "offers", OfferColumns(),
          {{"--request", "request", "Only this request's", nullptr, "requests"},
           {"--slot", "slot", "Only of this slot"},
           {"--state", "state", "Only those in this state", matching::v1::OfferState_descriptor()},
           {"--partner", "partner", "Only this partner's", nullptr, "partners"},
           {"--expert", "expert", "Only for this expert", nullptr, "experts"},
           {"--reminded", "", "Only those that were reminded of and wait for an answer still",
            nullptr, "", "state = OFFER_STATE_OPEN AND reminder_count > 0"}});

  auto acceptance = std::make_shared<AnswerArguments>();
  CLI::App& accept =
      context.AddCommand(noun, "accept", "Accepts an offer",
                         {"critac offer accept o00000431-1 --as partner:partners/iacp",
                          "critac offer accept o00000431-1  # as the partner said by telephone"},
                         [&context, acceptance] { return RunAccept(context, *acceptance); });
  accept.add_option("NAME", acceptance->name, "The offer")->required();
  context.AddRequestId(accept);

  auto refusal = std::make_shared<AnswerArguments>();
  CLI::App& decline = context.AddCommand(
      noun, "decline", "Declines an offer; the expert is not offered that slot again",
      {"critac offer decline o00000431-1 --code workload --reason 'two deployments in May' --as "
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
