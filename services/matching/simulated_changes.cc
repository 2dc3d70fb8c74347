#include "services/matching/simulated_changes.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "critac/type/v1/options.pb.h"
#include "google/protobuf/util/field_mask_util.h"
#include "services/matching/partner_rules.h"

namespace critac::matching {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::FieldMaskUtil;
using v1::SimulatedChange;

// Name of a target in messages where it has none of its own.
constexpr char kPolicy[] = "the policy";

// Fields of a demand that are the request's, not what matching made of it.
constexpr std::array<absl::string_view, 7> kDemandFields = {
    "agency", "co_served_agencies", "slots", "urgency", "needed_by", "ready_time", "waiting_since"};

bool IsSettable(const FieldDescriptor& field) {
  if (field.containing_type() == v1::Demand::descriptor()) {
    return std::find(kDemandFields.begin(), kDemandFields.end(), field.name()) !=
           kDemandFields.end();
  }
  return !field.options().GetExtension(type::v1::field).output_only() && field.name() != "name";
}

std::string FieldsOf(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) {
    if (IsSettable(*type.field(i))) names.push_back(type.field(i)->name());
  }
  return absl::StrJoin(names, ", ");
}

// Whether a change of one field is one of the other too. Empty: all of them.
bool Overlap(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() || a == b || absl::StartsWith(a, b + ".") ||
         absl::StartsWith(b, a + ".");
}

// Whether a change of the policy gives it shares of partners.
bool SetsShares(const SimulatedChange& change) {
  return change.fields().empty() ||
         std::any_of(change.fields().begin(), change.fields().end(),
                     [](const std::string& field) { return Overlap(field, "partner_shares"); });
}

// Whether a change of a demand's fields makes it wait from its new ready time.
bool MovesWait(const SimulatedChange& change) {
  const auto changes = [&change](const std::string& meant) {
    return std::any_of(change.fields().begin(), change.fields().end(),
                       [&meant](const std::string& field) { return Overlap(field, meant); });
  };
  return change.has_request() && changes("ready_time") && !changes("waiting_since");
}

// The same error one level further out: partner_rules.h gives the path below the resource.
absl::Status At(const std::string& path, const absl::Status& status) {
  const google::rpc::BadRequest bad = BadRequestOf(status);
  if (status.ok() || bad.field_violations().empty()) return status;
  const auto& first = bad.field_violations(0);
  const absl::string_view field = first.field();
  const size_t skip = absl::StartsWith(field, "policy.") ? 7 : 0;
  return InvalidField(absl::StrCat(path, ".", field.substr(skip)), first.description());
}

absl::Status NoneOfName(const std::string& path, const std::string& name) {
  const bool request = absl::StartsWith(name, "requests/");
  return InvalidField(
      path, absl::StrCat("there is no '", name, "'", request ? " open for matching" : ""));
}

class Changer {
 public:
  Changer(CheckMessage check, Snapshot& snapshot) : check_(check), snapshot_(snapshot) {}

  absl::Status Apply(int index, const SimulatedChange& change) {
    path_ = absl::StrCat("changes[", index, "]");
    switch (change.target_case()) {
      case SimulatedChange::kPolicy:
        return ApplyPolicy(change);
      case SimulatedChange::kPolicyVersion:
        return InvalidField(path_ + ".policy_version", "is not a version on record");
      case SimulatedChange::kExpert:
        return ApplyTo(change, change.expert(), change.expert().name(), snapshot_.experts,
                       [](const v1::Expert& one) { return one.name(); });
      case SimulatedChange::kPartner:
        return ApplyTo(change, change.partner(), change.partner().name(), snapshot_.partners,
                       [](const v1::Partner& one) { return one.name(); });
      case SimulatedChange::kRequest:
        return ApplyTo(change, change.request(), change.request().request(), snapshot_.demands,
                       [](const v1::Demand& one) { return one.request(); });
      case SimulatedChange::kWithoutRequest:
        return LeaveOut(change.without_request());
      case SimulatedChange::TARGET_NOT_SET:
        break;
    }
    return InvalidField(path_,
                        "changes nothing; it takes one of policy, policy_version, expert, "
                        "partner, request, without_request");
  }

  // What the changes come to together.
  absl::Status CheckAll() {
    for (const auto& [name, touched] : touched_) {
      RETURN_IF_ERROR(CheckTouched(name, touched));
    }
    return absl::OkStatus();
  }

 private:
  struct Claim {
    std::string path;
    std::string field;
  };
  struct Touched {
    std::string path;
    // A record that does not keep the rules of its fields as it is (a text of it may have been
    // purged) is not held to them after a change either.
    bool kept_rules = true;
  };

  absl::Status ApplyPolicy(const SimulatedChange& change) {
    RETURN_IF_ERROR(CheckFieldsOf(change, "policy", *v1::Policy::descriptor()));
    RETURN_IF_ERROR(ClaimAll(change, "policy", kPolicy));
    touched_.try_emplace(kPolicy, Touched{path_ + ".policy", true});
    // A version on record may be older or younger than the partners of the snapshot; its shares are what they are.
    const bool is_on_record = change.policy().version() != 0;
    if (!is_on_record && SetsShares(change)) shares_path_ = path_ + ".policy";
    if (change.fields().empty()) {
      snapshot_.policy = change.policy();
      return absl::OkStatus();
    }
    Merge(change, change.policy(), snapshot_.policy);
    // What comes of it is no version on record.
    snapshot_.policy.clear_version();
    return absl::OkStatus();
  }

  template <typename Record, typename NameOf>
  absl::Status ApplyTo(const SimulatedChange& change, const Record& wanted, const std::string& name,
                       std::vector<Record>& records, const NameOf& name_of) {
    const std::string target = TargetOf(change);
    const std::string name_path =
        absl::StrCat(path_, ".", target, target == "request" ? ".request" : ".name");
    if (name.empty()) return InvalidField(name_path, "is required");
    RETURN_IF_ERROR(CheckFieldsOf(change, target, *Record::descriptor()));
    RETURN_IF_ERROR(ClaimAll(change, target, name));
    const auto found = std::find_if(records.begin(), records.end(),
                                    [&](const Record& one) { return name_of(one) == name; });
    if (found == records.end() && !change.fields().empty()) return NoneOfName(name_path, name);
    Touched touched{absl::StrCat(path_, ".", target), true};
    if (found != records.end() && !change.fields().empty()) {
      touched.kept_rules = check_(*found, touched.path).ok();
    }
    touched_.try_emplace(name, std::move(touched));
    if (!change.fields().empty()) {
      Merge(change, wanted, *found);
    } else if (found != records.end()) {
      Replace(wanted, *found);
    } else {
      Replace(wanted, records.emplace_back());
    }
    return absl::OkStatus();
  }

  template <typename Record>
  static void Replace(const Record& wanted, Record& record) {
    record = wanted;
  }

  // The request's part alone: who is offered, accepted or declined stays.
  static void Replace(const v1::Demand& wanted, v1::Demand& demand) {
    demand.set_request(wanted.request());
    google::protobuf::FieldMask mask;
    for (const absl::string_view field : kDemandFields) mask.add_paths(std::string(field));
    MergeBy(mask, wanted, demand);
    if (demand.state() == v1::DEMAND_STATE_UNSPECIFIED) demand.set_state(v1::DEMAND_STATE_OPEN);
    for (int i = 0; i < demand.slots_size(); ++i) {
      if (demand.slots(i).id().empty()) {
        demand.mutable_slots(i)->set_id(absl::StrCat("s", i + 1));
      }
    }
  }

  absl::Status LeaveOut(const std::string& request) {
    const std::string path = path_ + ".without_request";
    RETURN_IF_ERROR(ClaimField(path, request, ""));
    auto& demands = snapshot_.demands;
    const auto found = std::find_if(demands.begin(), demands.end(), [&](const v1::Demand& one) {
      return one.request() == request;
    });
    if (found == demands.end()) return NoneOfName(path, request);
    absl::flat_hash_set<std::string> offers;
    for (const v1::Assignment& one : found->committed()) offers.insert(one.offer());
    auto& held = snapshot_.held;
    held.erase(
        std::remove_if(held.begin(), held.end(),
                       [&](const v1::Assignment& one) { return offers.contains(one.offer()); }),
        held.end());
    demands.erase(found);
    return absl::OkStatus();
  }

  static std::string TargetOf(const SimulatedChange& change) {
    return SimulatedChange::descriptor()->FindFieldByNumber(change.target_case())->name();
  }

  absl::Status CheckFieldsOf(const SimulatedChange& change, const std::string& target,
                             const Descriptor& type) const {
    for (int i = 0; i < change.fields_size(); ++i) {
      const std::string path = absl::StrCat(path_, ".fields[", i, "]");
      const std::string& field = change.fields(i);
      std::vector<const FieldDescriptor*> fields;
      if (field.empty() || !FieldMaskUtil::GetFieldDescriptors(&type, field, &fields)) {
        return InvalidField(path, absl::StrCat("'", field, "' is no field of ", target,
                                               ", which has ", FieldsOf(type)));
      }
      if (!std::all_of(fields.begin(), fields.end(),
                       [](const FieldDescriptor* one) { return IsSettable(*one); })) {
        return InvalidField(
            path, absl::StrCat("'", field, "' cannot be changed; what can is ", FieldsOf(type)));
      }
      for (int j = 0; j < i; ++j) {
        if (!Overlap(change.fields(j), field)) continue;
        return InvalidField(path, absl::StrCat("'", field, "' is changed by fields[", j, "] too"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ClaimAll(const SimulatedChange& change, const std::string& target,
                        const std::string& name) {
    if (change.fields().empty()) return ClaimField(absl::StrCat(path_, ".", target), name, "");
    for (int i = 0; i < change.fields_size(); ++i) {
      const std::string path = absl::StrCat(path_, ".fields[", i, "]");
      RETURN_IF_ERROR(ClaimField(path, name, change.fields(i)));
      if (MovesWait(change) && Overlap(change.fields(i), "ready_time")) {
        RETURN_IF_ERROR(ClaimField(path, name, "waiting_since"));
      }
    }
    return absl::OkStatus();
  }

  // Two changes that set the same have no answer: it would depend on their order.
  absl::Status ClaimField(const std::string& path, const std::string& name,
                          const std::string& field) {
    std::vector<Claim>& claims = claims_[name];
    for (const Claim& claim : claims) {
      if (absl::StartsWith(claim.path, path_ + ".") || !Overlap(claim.field, field)) continue;
      const std::string& shared = field.empty() ? claim.field : field;
      return InvalidField(path,
                          absl::StrCat("contradicts ", claim.path, ": both change ",
                                       shared.empty() ? "" : absl::StrCat(shared, " of "), name));
    }
    claims.push_back({path, field});
    return absl::OkStatus();
  }

  static void MergeBy(const google::protobuf::FieldMask& mask, const Message& from, Message& to) {
    FieldMaskUtil::MergeOptions options;
    options.set_replace_message_fields(true);
    options.set_replace_repeated_fields(true);
    FieldMaskUtil::MergeMessageTo(from, mask, options, &to);
  }

  static void Merge(const SimulatedChange& change, const Message& from, Message& to) {
    google::protobuf::FieldMask mask;
    for (const std::string& field : change.fields()) mask.add_paths(field);
    MergeBy(mask, from, to);
  }

  static void Merge(const SimulatedChange& change, const v1::Demand& from, v1::Demand& to) {
    Merge(change, static_cast<const Message&>(from), static_cast<Message&>(to));
    if (MovesWait(change)) to.clear_waiting_since();
  }

  absl::Status CheckTouched(const std::string& name, const Touched& touched) const {
    if (name == kPolicy) {
      RETURN_IF_ERROR(check_(snapshot_.policy, touched.path));
      RETURN_IF_ERROR(At(touched.path, CheckPolicy(snapshot_.policy)));
      return shares_path_.empty() ? absl::OkStatus() : CheckShares();
    }
    for (const v1::Expert& expert : snapshot_.experts) {
      if (expert.name() == name) return CheckChanged(expert, touched);
    }
    for (const v1::Partner& partner : snapshot_.partners) {
      if (partner.name() != name) continue;
      if (touched.kept_rules) RETURN_IF_ERROR(check_(partner, touched.path));
      return At(touched.path, CheckPartner(partner));
    }
    for (const v1::Demand& demand : snapshot_.demands) {
      if (demand.request() == name && touched.kept_rules) return CheckChanged(demand, touched);
    }
    return absl::OkStatus();
  }

  // A partner that the changes add has a share like any other.
  absl::Status CheckShares() const {
    const auto is_known = [this](const std::string& name) {
      return std::any_of(snapshot_.partners.begin(), snapshot_.partners.end(),
                         [&name](const v1::Partner& one) { return one.name() == name; });
    };
    return At(shares_path_, CheckSharesKnown(snapshot_.policy, is_known));
  }

  absl::Status CheckChanged(const v1::Expert& expert, const Touched& touched) const {
    if (touched.kept_rules) RETURN_IF_ERROR(check_(expert, touched.path));
    RETURN_IF_ERROR(At(touched.path, CheckExpert(expert)));
    for (const v1::Partner& partner : snapshot_.partners) {
      if (partner.name() == expert.partner()) return absl::OkStatus();
    }
    return NoneOfName(touched.path + ".partner", expert.partner());
  }

  absl::Status CheckChanged(const v1::Demand& demand, const Touched& touched) const {
    RETURN_IF_ERROR(check_(demand, touched.path));
    absl::flat_hash_set<std::string> ids;
    for (int i = 0; i < demand.slots_size(); ++i) {
      const intake::v1::Slot& slot = demand.slots(i);
      const std::string path = absl::StrCat(touched.path, ".slots[", i, "]");
      if (!ids.insert(slot.id()).second) {
        return InvalidField(path + ".id", absl::StrCat("'", slot.id(), "' stands there already"));
      }
      if (slot.served_in_same_size_band() &&
          slot.served_in_size_band() != type::v1::SIZE_BAND_UNSPECIFIED) {
        return InvalidField(
            path + ".served_in_same_size_band",
            absl::StrCat("contradicts served_in_size_band, ",
                         type::v1::SizeBand_Name(slot.served_in_size_band()), "; one of the two"));
      }
      // ISO dates sort as text.
      if (slot.window_end() < slot.window_start()) {
        return InvalidField(
            path + ".window_end",
            absl::StrCat(slot.window_end(), " is before the start, ", slot.window_start()));
      }
    }
    return absl::OkStatus();
  }

  CheckMessage check_;
  Snapshot& snapshot_;
  std::string path_;
  std::map<std::string, std::vector<Claim>> claims_;
  std::map<std::string, Touched> touched_;
  // Where shares of partners are set. Empty: nowhere.
  std::string shares_path_;
};

}  // namespace

absl::Status ApplyChanges(absl::Span<const SimulatedChange> changes, CheckMessage check,
                          Snapshot& snapshot) {
  Changer changer(check, snapshot);
  for (size_t i = 0; i < changes.size(); ++i) {
    RETURN_IF_ERROR(changer.Apply(static_cast<int>(i), changes[i]));
  }
  return changer.CheckAll();
}

absl::Status CheckChangesSeen(const google::protobuf::RepeatedPtrField<SimulatedChange>& changes,
                              absl::Span<const std::string> hidden) {
  for (int i = 0; i < changes.size(); ++i) {
    const SimulatedChange& change = changes[i];
    const bool left_out = change.target_case() == SimulatedChange::kWithoutRequest;
    const std::string& name = left_out ? change.without_request() : change.request().request();
    if (!std::binary_search(hidden.begin(), hidden.end(), name)) continue;
    return NoneOfName(
        absl::StrCat("changes[", i, left_out ? "].without_request" : "].request.request"), name);
  }
  return absl::OkStatus();
}

}  // namespace critac::matching
