#include "dialect/soap_phonebook.hpp"

#include "countersign/errors/dev.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::dialect::phonebook {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

/// As an independent server answers (protocols 1.9).
constexpr std::string_view k_answer = R"(<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>
<SearchResponse xmlns="http://www.tandberg.net/2004/06/PhoneBookSearch/"><SearchResult><Name/><Id/>
<Catalog><Name>Rooms</Name><Id>c_51
</Id><IsFirst>true</IsFirst><IsLast>false</IsLast></Catalog>
<Entry><Name>HDX8000</Name><Id>e_92750</Id><Route><CallType>384</CallType><Protocol>H323</Protocol><Restrict>Norestrict</Restrict>
<DialString>hdx8000</DialString><Description>hdx8000 (H.323)</Description><SystemType>HDX</SystemType></Route>
<IsLast>true</IsLast><IsFirst>false</IsFirst><BaseDN/><SystemType>HDX</SystemType></Entry>
</SearchResult></SearchResponse></soap:Body></soap:Envelope>)";

TEST(PhonebookSearch, round_trips) {
    Search const search{.mac_address = "00:50:60:00:00:01",
                        .text = "a<b>&c",
                        .case_sensitive = true,
                        .max_result = 7,
                        .path = "c_51",
                        .start_from = "e_9",
                        .start_inclusive = true,
                        .scope = Scope::single_level};
    auto const back = parse_search(write_search(search));
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, search);
}

TEST(PhonebookSearch, limits_what_is_asked_for) {
    auto const of = [](std::string const& number) {
        return parse_search("<Search><MaxResult>" + number + "</MaxResult></Search>").value().max_result;
    };
    EXPECT_EQ(of("0"), 1);
    EXPECT_EQ(of("-5"), 1);
    EXPECT_EQ(of("99999999"), 1000);
    EXPECT_EQ(of(""), 50);
    EXPECT_EQ(of("many"), 50);
}

TEST(PhonebookSearch, is_refused_without_a_search) {
    EXPECT_EQ(parse_search("<Envelope><Body/></Envelope>").error().id(), errors::dev::malformed_xml);
    EXPECT_EQ(parse_search("Search").error().id(), errors::dev::malformed_xml);
}

TEST(PhonebookAnswer, is_read_as_real_servers_write_it) {
    auto const answer = parse_answer(k_answer);
    ASSERT_TRUE(answer) << answer.error().message();
    ASSERT_THAT(answer->catalogs, SizeIs(1));
    EXPECT_EQ(answer->catalogs[0], (Catalog{"Rooms", "c_51", true, false}));
    ASSERT_THAT(answer->entries, SizeIs(1));
    EXPECT_EQ(answer->entries[0].id, "e_92750");
    EXPECT_TRUE(answer->entries[0].is_last);
    ASSERT_THAT(answer->entries[0].routes, SizeIs(1));
    EXPECT_EQ(answer->entries[0].routes[0], (Route{"384", "H323", "hdx8000", "Norestrict", "hdx8000 (H.323)", "HDX"}));
}

TEST(PhonebookAnswer, round_trips) {
    auto const answer = parse_answer(k_answer).value();
    EXPECT_EQ(parse_answer(write_answer(answer)).value(), answer);
}

TEST(PhonebookAnswer, repeats_what_a_fault_says) {
    auto const refused = parse_answer(
        "<s:Envelope xmlns:s=\"x\"><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>Locked</faultstring></s:Fault>"
        "</s:Body></s:Envelope>");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::dev::soap_fault);
    EXPECT_THAT(refused.error().message(), HasSubstr("Locked"));
}

TEST(PhonebookAnswer, leaves_out_a_dial_string_that_would_be_cut) {
    auto const text = [](std::string const& number) {
        return "<SearchResponse><SearchResult><Entry><Name>n</Name><Route><DialString>" + number +
               "</DialString></Route></Entry></SearchResult></SearchResponse>";
    };
    EXPECT_EQ(parse_answer(text(std::string(256, '7'))).value().entries[0].routes[0].dial_string, std::string(256, '7'));
    EXPECT_EQ(parse_answer(text(std::string(257, '7'))).value().entries[0].routes[0].dial_string, "");
}

TEST(PhonebookAnswer, takes_a_thousand_items_and_no_more) {
    std::string text = "<SearchResponse><SearchResult>";
    for (int i = 0; i < 1200; ++i) text += "<Entry><Name>n</Name></Entry>";
    EXPECT_THAT(parse_answer(text + "</SearchResult></SearchResponse>").value().entries, SizeIs(k_max_items));
}

}  // namespace
}  // namespace countersign::dialect::phonebook
