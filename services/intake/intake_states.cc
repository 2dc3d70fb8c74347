#include "services/intake/intake_states.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/intake/v1/states.pb.h"
#include "services/intake/agency_rules.h"
#include "services/intake/catalog_import.h"
#include "services/intake/recusal_reader.h"
#include "services/intake/recusals.h"
#include "services/intake/request_changes.h"
#include "services/intake/request_lifecycle.h"
#include "services/intake/resource_names.h"

namespace critac::intake {
namespace {

using google::protobuf::Message;
using journal::Event;
using journal::MutableStates;

// What changes with every change of a resource.
template <typename Resource>
void Stamp(const Event& event, Resource& resource) {
  resource.set_etag(absl::StrCat(event.sequence()));
  *resource.mutable_update_time() = event.record_time();
}

void CountNumber(MutableStates& states, absl::string_view name) {
  const SeriesNumber number = SeriesNumberOf(name);
  v1::Counter& counter = states.Mutable<v1::Counter>(CounterName(number.series));
  counter.set_name(CounterName(number.series));
  counter.set_last(std::max(counter.last(), number.number));
}

void SetHolders(MutableStates& states, const v1::Agency& agency,
                const google::protobuf::RepeatedPtrField<v1::Alias>& aliases) {
  for (const v1::Alias& alias : aliases) {
    const std::string name = AliasRecordName(alias);
    v1::AliasRecord& record = states.Mutable<v1::AliasRecord>(name);
    record.set_name(name);
    SetHolder(record, agency.name(), agency.aliases());
    if (record.holders().empty()) states.Erase(name);
  }
}

void Apply(MutableStates& states, const Event& event, const v1::AgencyCreated& created) {
  v1::Agency& agency = states.Mutable<v1::Agency>(created.agency().name());
  agency = created.agency();
  *agency.mutable_create_time() = event.record_time();
  Stamp(event, agency);
  SetHolders(states, created.agency(), created.agency().aliases());
  CountNumber(states, created.agency().name());
}

void Apply(MutableStates& states, const Event& event, const v1::AgencyUpdated& updated) {
  v1::Agency& agency = states.Mutable<v1::Agency>(updated.agency().name());
  const google::protobuf::Timestamp create_time = agency.create_time();
  agency = updated.agency();
  *agency.mutable_create_time() = create_time;
  Stamp(event, agency);
  SetHolders(states, updated.agency(), updated.agency().aliases());
  SetHolders(states, updated.agency(), updated.removed_aliases());
}

void Apply(MutableStates& states, const Event& event, const v1::CatalogEntrySet& set) {
  v1::Catalog& catalog = states.Mutable<v1::Catalog>(kCatalogName);
  SetCatalogEntry(set.entry(), catalog);
  states.Mutable<v1::Catalog>(kCatalogHeadName).set_etag(catalog.etag());
}

void Apply(MutableStates& states, const Event& event, const v1::RequestCreated& created) {
  v1::Request& request = states.Create<v1::Request>(created.request().name());
  request = ApplyCreation(created);
  Stamp(event, request);
  CountNumber(states, request.name());
  if (request.external_id().empty()) return;
  const std::string name = ExternalRecordName(request.external_id());
  v1::ExternalRecord& external = states.Mutable<v1::ExternalRecord>(name);
  external.set_name(name);
  external.set_request(request.name());
  external.set_row_digest(created.row_digest());
}

void Apply(MutableStates& states, const Event& event, const v1::RequestUpdated& updated) {
  v1::Request& request = states.Mutable<v1::Request>(updated.request().name());
  ApplyUpdate(updated, request);
  Stamp(event, request);
}

void Apply(MutableStates& states, const Event& event, const v1::RequestTransitioned& taken) {
  v1::Request& request = states.Mutable<v1::Request>(event.subject());
  ApplyAction(taken, request);
  Stamp(event, request);
}

void Apply(MutableStates& states, const Event& event, const v1::RecusalsChanged& changed) {
  v1::Recusals& recusals = states.Mutable<v1::Recusals>(kRecusalsName);
  recusals.set_name(kRecusalsName);
  ApplyRecusals(changed, event.sequence(), recusals);
  v1::Recusals& head = states.Mutable<v1::Recusals>(kRecusalsHeadName);
  head.set_name(kRecusalsHeadName);
  head.set_etag(recusals.etag());
}

// Applies the payload where it is a T.
template <typename T>
bool ApplyIf(MutableStates& states, const Event& event, const Message& payload) {
  if (payload.GetDescriptor() != T::descriptor()) return false;
  Apply(states, event, static_cast<const T&>(payload));
  return true;
}

template <typename... T>
void ApplyOneOf(MutableStates& states, const Event& event, const Message& payload) {
  (ApplyIf<T>(states, event, payload) || ...);
}

}  // namespace

void ApplyEvent(MutableStates& states, const Event& event, const Message& payload) {
  ApplyOneOf<v1::RequestTransitioned, v1::RequestCreated, v1::RequestUpdated, v1::AgencyCreated,
             v1::AgencyUpdated, v1::CatalogEntrySet, v1::RecusalsChanged>(states, event, payload);
}

const v1::Agency* StateRecords::FindAgency(absl::string_view name) const {
  return states_.Find<v1::Agency>(name);
}

const v1::AliasRecord* StateRecords::FindAlias(absl::string_view name) const {
  return states_.Find<v1::AliasRecord>(name);
}

const v1::Request* StateRecords::FindRequest(absl::string_view name) const {
  return states_.Find<v1::Request>(name);
}

const v1::ExternalRecord* StateRecords::FindExternal(absl::string_view name) const {
  return states_.Find<v1::ExternalRecord>(name);
}

int64_t StateRecords::LastNumber(absl::string_view series) const {
  const v1::Counter* counter = states_.Find<v1::Counter>(CounterName(series));
  return counter == nullptr ? 0 : counter->last();
}

std::shared_ptr<const CatalogView> CatalogCache::Get(journal::States& states) {
  const v1::Catalog* head = states.Find<v1::Catalog>(kCatalogHeadName);
  const absl::string_view etag = head == nullptr ? "" : absl::string_view(head->etag());
  absl::MutexLock lock(&mutex_);
  if (view_ == nullptr || view_->etag() != etag) {
    const v1::Catalog* catalog = states.Find<v1::Catalog>(kCatalogName);
    view_ = std::make_shared<CatalogView>(catalog == nullptr ? v1::Catalog() : *catalog);
  }
  return view_;
}

}  // namespace critac::intake
