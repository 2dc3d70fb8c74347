#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "critac/intake/v1/catalog.grpc.pb.h"
#include "services/cli/commands.h"

namespace critac::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using intake::v1::Catalog;
using intake::v1::CatalogEntry;
using intake::v1::CatalogService;

// The message of an entry's kind; null where it has none.
const Message* KindOf(const CatalogEntry& entry) {
  const auto* oneof = CatalogEntry::descriptor()->FindOneofByName("kind");
  const FieldDescriptor* field = entry.GetReflection()->GetOneofFieldDescriptor(entry, oneof);
  return field == nullptr ? nullptr : &entry.GetReflection()->GetMessage(entry, field);
}

std::string TitleOf(const CatalogEntry& entry, TextStyle style) {
  const Message* kind = KindOf(entry);
  if (kind == nullptr) return "";
  const char* field = entry.has_target() ? "clock" : "title";
  return FieldText(*kind, field, style);
}

// What an entry says besides its title.
std::string DetailOf(const CatalogEntry& entry, TextStyle style) {
  switch (entry.kind_case()) {
    case CatalogEntry::kTopic:
      return FieldText(entry.topic(), "group", style);
    case CatalogEntry::kDeliveryType:
      return absl::StrCat(FieldText(entry.delivery_type(), "mode", style), ", ",
                          entry.delivery_type().lead_time_days(), " days ahead");
    case CatalogEntry::kTarget:
      return absl::StrCat(entry.target().business_days(), " business days");
    case CatalogEntry::kHoliday:
      return entry.holiday().date();
    default:
      return "";
  }
}

Columns EntryColumns() {
  return {Name("name", "name"), Computed<CatalogEntry>("title", TitleOf),
          Computed<CatalogEntry>("detail", DetailOf), Day("valid from", "valid_from"),
          Day("valid to", "valid_to")};
}

absl::Status RunListCatalog(Context& context, const std::string& collection) {
  ASSIGN_OR_RETURN(Catalog catalog, context.Call(&CatalogService::Stub::GetCatalog,
                                                 intake::v1::GetCatalogRequest()));
  Catalog shown;
  shown.set_etag(catalog.etag());
  for (CatalogEntry& entry : *catalog.mutable_entries()) {
    if (collection.empty() || absl::StartsWith(entry.name(), collection + "/")) {
      shown.add_entries()->Swap(&entry);
    }
  }
  return context.printer().List(shown, "entries", EntryColumns());
}

}  // namespace

void AddCatalogCommands(CLI::App& app, Context& context) {
  CLI::App& noun = context.AddNoun(app, "catalog", "Reference data that the center sets");
  auto collection = std::make_shared<std::string>();
  CLI::App& command =
      context.AddCommand(noun, "list", "Lists the catalog",
                         {"critac catalog list", "critac catalog list topics --output csv"},
                         [&context, collection] { return RunListCatalog(context, *collection); });
  command
      .add_option("COLLECTION", *collection,
                  "Only these: topics, deliveryTypes, initiatives, targets, holidays, programs")
      ->check(CLI::IsMember(
                  {"topics", "deliveryTypes", "initiatives", "targets", "holidays", "programs"})
                  .description(""));
}

}  // namespace critac::cli
