"""Judge's generator of persons for record matching (Zhangzhou): make(n, seed, queries=q).

People come as households (grandparents, couple, children, 1.4 % of births twins, clan villages, 22 %
migrants, 2 % TW / HK / overseas / foreign); children and many elders use a relative's phone. Register:
clean, incomplete: no id 11 % (age < 3: 40 %), phone 8 %, address 5 %, sex 2 %, birth 1.5 %; name_latin
7 %; 1.5 % of citizens by passport; 7 % of the people are not in it. Arrivals come by channel: form = own
phone entry, desk = clerk typing, oral = by telephone, excel = company list, mrz = passport or airline,
ocr = photo of the card. Percent of the channel's records; one event per group (word before the dot),
groups independent: often no error, sometimes two or more.

event         frm dsk ora exc mrz ocr| event         frm dsk ora exc mrz ocr| event         frm dsk ora exc mrz ocr
channel.share  27  23  12  18  11   9| fmt.suffix     .2   1   2   2   0   0| birth.jan1     .3 1.5   3 1.5   0   0
rare.lost      15  40  50  35   0  45| fmt.wide       .5  .5   0   2   0   0| birth.lunar     1   2   8   1   0   0
name.homoph   1.5   5  14   2   0  .5| id.missing     10  30  75  25   6   5| sex.missing     5  10  25  25   0   3
name.ear       .2   1   7  .2   0   0| id.digit       .7 2.5   2   1   0   4| sex.wrong      .4   1   1   1  .2  .3
name.look      .3 1.5   0  .5   0   7| id.swap        .3 1.5   1  .5   0   0| phone.missing   2  20   8  25  50  65
name.trad     1.5   1  .5   2   0   1| id.old15       .3 1.5   1 1.5   0   0| phone.changed   6   8   8  12  10   6
name.variant   .7 1.5   2 1.5   0   1| id.sci000       0   0   0   3   0   0| phone.relative  4   4   6   3   1   1
name.drop      .4   1 1.5  .6   0   2| id.otherkind    2   3   1   3  80   1| phone.digit    .5   2 3.5   1   0   0
name.add       .3  .5 1.5  .3   0  .5| idx.lower      25  10   0  15   0   3| phone.swap     .2   1   1  .3   0   0
name.renamed   .3  .3  .5  .2   0   0| idx.drop        3   5  15  10   0   5| phfmt.plus86    4   1   0   6  40   0
name.latin_han  1   1   0   3  20   0| kid.parent_id   4   6   3   5   0   0| addr.missing   12  35  15  45  92  25
name.latin_only  1  .5   0   3  72   1| birth.missing   5  20  25  30   0   5| addr.reword    45  30  45  20   4  10
name.han_latin  2   1   0   4   8   0| birth.swap_md  .5   2   1   4  .5   0| addr.coarse    15  15  20  20   4   5
fmt.space       2 1.5   0  10   0   3| birth.digit    .6   2 1.5 1.2   0   2| addr.moved      5   4   4   4   0  15
fmt.dot        .3  .3   0   1   0   1| birth.year      0   3  14   4   0   0

Conditional: rare.* of names with a rare character (then ? □ pinyin or parts 吉吉); idx.* of ids in X;
kid.* of age < 16; old15 of births < 2000; TW/HK names Traditional in 70 %; beside an intact id only 35 %
of birth damage happens; half of the wrong digits in an id's date go to birth too. ear = Minnan ear (f/h
n/l zh/z r/l -n/-ng 王/黄); sci000 = Excel kept 15 digits; latin_han = pinyin in the Han field. 25 % of
arrivals are not registered, of these (before the filter): stranger 27, same name + birth year 18, twin 16
(next sequence number, 70 % same phone), relative at the same address or phone 14, same name + birthday
10, pinyin namesake 6, recycled phone 5, same village + name 2, id one digit beside 2; same damage.
Decidable only: a human-like log10 evidence sum against every candidate (same pinyin, id, phone, birthday
+ surname, household) keeps a true arrival if the truth is > 100 x likelier than chance among n and > 300
x likelier than any other; a stranger if nobody registered is > 1/30 as likely as chance. Else redrawn.
"""

import gc
import math
import random
import re
from bisect import bisect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import accumulate
from typing import Any

from pypinyin import lazy_pinyin

MODEL: dict[str, dict[str, list[tuple[str, float]]]] = {}  # read from the table above
for _g, _e, *_p in re.findall(r"([a-z]+)\.(\w+)" + r" +([\d.]+)" * 6, __doc__ or ""):
    for _c, _v in zip(["form", "desk", "oral", "excel", "mrz", "ocr"], _p):
        MODEL.setdefault(_c, {}).setdefault(_g, []).append((_e, float(_v)))
NEG = "stranger 27 same_name_year 18 twin 16 family 14 same_name_bday 10 pinyin 6 recycled 5 village 2 near_id 2"
SURS = "陈林黄张吴李王蔡郑许杨刘郭叶曾沈苏洪庄谢何江周朱赖卢罗游徐方戴邱康高肖柯余汤曹胡孙马魏施潘廖阮简石韩董钟涂田甘赵唐颜严梁邓宋彭傅詹程冯范于姚蒋丁尤翁欧连薛吕温饶萧蓝杜袁任陆金汪姜夏贾侯邹熊孟秦白江毛万史龚邵黎雷段钱佘揭阙巫练官占俞童祝古巴单翟覃韦莫付闫代兰丘辛柳辜粘"
SUR = [*SURS, "欧阳", "上官", "张简", "诸葛", "司徒"]
GIVEN = {  # sex, cohort: whole names | first | second characters, most frequent first
    "M0": "金水 天赐 清河 文章 木生 阿水 金山 水木 建成 和平|金水木清文天建国阿炳亚顺庆玉振德福坤瑞溪荣|水木生山河土来发成福顺龙坤泉明辉春枝火林",
    "F0": "秀英 玉英 秀珍 金枝 玉兰 桂花 美玉 阿英 秀兰 淑珍|秀玉金美淑桂阿惠素月碧亚宝乌珠春瑞|英珍枝兰花治玉美珠娥月香莲妹琴凤治叶",
    "M1": "建国 志强 国强 建明 文福 建华 志明 国平 伟明 跃进 庆祥 明辉 志坚 艺辉 和平 小明 海水 伟 勇 军|建志国文明庆小永海荣炳振清金跃艺伟德亚顺福俊进|明强辉国平福华生成龙忠忠坤文山林顺祥南阳杰水坚勇",
    "F1": "丽华 秀珍 丽珍 美玉 惠珍 秀丽 丽娟 美华 淑惠 碧玉 秀英 美珍 丽琴 玉珍 燕 红 雪琴 惠玲 素珍 阿丽|丽秀美惠淑碧玉雪燕素琼小月金阿亚宝慧彩瑞|珍华玉英娟琴惠玲珠花红兰云香卿治燕丽霞梅",
    "M2": "志伟 艺伟 志强 毅斌 晓明 志鹏 小龙 伟 杰 志勇 艺鹏 建伟 伟强 俊杰 毅鹏 志杰 少华 凯 文彬 龙辉|志艺伟建毅俊少小晓文永国海鹏龙舜宏鸿泽明炜凯顺炳|伟强斌明鹏龙辉杰勇峰华坤毅彬鑫文滨艺忠阳煌城雄凯",
    "F2": "丽娟 雅婷 小燕 艺红 晓燕 婷婷 丽红 燕玲 小玲 雅玲 惠玲 艺玲 燕 静 晓玲 艺婷 婉婷 巧玲 丽丽 雪梅|丽雅小艺晓燕惠婉巧雪婷静美淑慧玉琼碧秋佳思|娟婷燕红玲华云芳萍珊霞丽琴琼珍敏英梅香妹雯静真",
    "M3": "梓轩 宇轩 子轩 浩宇 俊杰 浩然 宇航 鸿毅 子涵 梓豪 宇恒 艺轩 铭宇 梓睿 奕辰 煜城 俊熙 子豪 嘉豪 毅恒|宇子梓浩俊鸿毅嘉铭艺奕泽煜睿晨皓凯志佳炜沐钰|轩宇豪杰恒涵毅辰泽鑫宏睿熙阳铭凯城航炜霖烨楷腾",
    "F3": "梓涵 欣怡 雨欣 诗涵 梓萱 雨桐 思彤 佳怡 艺涵 雅婷 钰婷 可馨 语桐 欣妍 若曦 雨涵 佳欣 子涵 静怡 诗琪|欣雨梓诗佳思钰艺雅语可若子静依紫婉怡芷沐心|怡涵欣婷桐萱妍彤琪馨瑶晴曦颖淇娴莹雯琳滢霏悦",
}
RARES = "喆吉吉 堃方方土 淼水水水 垚土土土 龑龙天 䶮龙天 赟斌贝 翀羽中 旻日文 玥王月 湜水是 炘火斤 㛃女吉 奭大百百 𬭚金享 煊火宣 钲金正 燊火火火木"
LOOK = "土士于干王玉天夫木本林材陈阵李季张弘吴昊杨扬余佘侯候汪江沈沉傅博曾會郑邓柯何简筒汤场莫英叶吐淇洪婷停晓烧彬杉娜哪瑜榆怡恰芬芳茵菌莉荆珊姗宏宠凤风治冶斌武杰木钰珏铭铬鑫金轩轿宇字子于梓辛炜伟涵函毅殷艺芝泽择辰晨烨华欣欧萱宣妍研彤丹琪淇曦羲雯霎琳淋玲珍燕蒸华毕惠恵秀季珠株娟涓琴琹明朋志忘建健国囯强弦龙尤辉挥坤坪水永福副生主清请文丈鹏鸣勇男平乎祥样煌惶俊峻海悔美羙丽丙云去香杳梅海"
TRAD = "陈陳张張吴吳郑鄭许許杨楊刘劉叶葉苏蘇庄莊谢謝赖賴卢盧罗羅游遊汤湯孙孫马馬简簡韩韓钟鍾涂塗赵趙颜顏严嚴邓鄧冯馮蒋蔣欧歐连連吕呂温溫饶饒萧蕭蓝藍陆陸贾賈邹鄒龚龔钱錢阙闕练練单單韦韋黄黃龙龍丽麗华華国國强強伟偉艺藝晓曉兰蘭凤鳳云雲杰傑辉輝荣榮庆慶顺順坚堅军軍鹏鵬宾賓涛濤铭銘泽澤轩軒静靜诗詩钰鈺语語颖穎莹瑩莲蓮爱愛红紅琼瓊宝寶娴嫻滢瀅烨燁恒恆鸿鴻滨濱赐賜来來发發进進跃躍叶葉娇嬌凯凱炜煒龙龍赟贇钲鉦卫衛阳陽腾騰悦悅瑶瑤诸諸岚嵐贤賢"
EXTRA = "晓小章徐伍武程仪宜亦义议翼意益逸佩沛裴培昌畅倩芊谦洁捷婕珺君钧骏隽筠芸韵昀允运媛源缘渊远原蓉融容绒菲飞妃斐莎纱姝舒书树述博勃波政正征祯桢贞震振锦津晋瑾谨靖敬景晶京经莺盈影映迎营宁凝林霖麟临琪齐启绮起佑友右予羽禹语裕昱育郁域霄笑筱效孝校"
COUNTY = "350602 芗城区 64 巷口街道 通北街道 东铺头街道 新桥街道 南坑街道 芝山街道 石亭街道 天宝镇 浦南镇;350603 龙文区 28 蓝田街道 步文街道 碧湖街道 景山街道 郭坑镇 朝阳镇;350681 龙海区 95 石码街道 角美镇 海澄镇 颜厝镇 榜山镇 九湖镇 港尾镇 白水镇 浮宫镇 程溪镇 紫泥镇 东园镇 东泗乡;350623 漳浦县 85 绥安镇 佛昙镇 旧镇镇 杜浔镇 赤湖镇 霞美镇 官浔镇 石榴镇 盘陀镇 长桥镇 前亭镇 古雷镇 南浦乡;350622 云霄县 41 云陵镇 莆美镇 东厦镇 陈岱镇 列屿镇 火田镇 下河乡 马铺乡 和平乡;350624 诏安县 56 南诏镇 深桥镇 四都镇 桥东镇 梅岭镇 太平镇 官陂镇 霞葛镇 秀篆镇;350625 长泰区 23 武安镇 岩溪镇 陈巷镇 枋洋镇 坂里乡;350626 东山县 22 西埔镇 铜陵镇 康美镇 杏陈镇 樟塘镇 陈城镇 前楼镇;350627 南靖县 31 山城镇 靖城镇 龙山镇 金山镇 船场镇 和溪镇 书洋镇 奎洋镇 丰田镇 梅林镇;350628 平和县 46 小溪镇 坂仔镇 文峰镇 安厚镇 大溪镇 山格镇 霞寨镇 南胜镇 九峰镇 芦溪镇 长乐乡;350629 华安县 14 华丰镇 丰山镇 沙建镇 新圩镇 仙都镇 高安镇"
VARI = "峰峯群羣强彊青靑清淸真眞坤堃秋秌升昇昆崑淼渺珏玨恒恆泉湶明朙福褔玲姈杰傑艺兿宝寳肖萧付傅代戴闫阎丘邱兰蓝占詹涂凃国囯煌熿炳昺周週志誌燕鷰娟姢凉涼辉晖辉煇美媄华桦珍珎"
FAR = "360721 522121 511321 430426 411722 341226 500234 450881 420922 350521 350583 350322 440582"
ROADS = "元光南路 丹霞路 水仙大街 新华东路 胜利西路 延安北路 江滨花园 水仙花园 锦绣一方 丽园小区"
AWAY = "厦门市思明区莲前街道 厦门市集美区杏林街道 泉州市晋江市陈埭镇 泉州市南安市水头镇 龙岩市新罗区西城街道 广东省汕头市潮南区峡山街道 广东省深圳市龙岗区布吉街道 江西省赣州市信丰县嘉定镇 四川省达州市宣汉县东乡镇 上海市闵行区七宝镇 浙江省温州市瑞安市塘下镇"
HK = "陈CHAN 林LAM 黄WONG 张CHEUNG 吴NG 李LEE 王WONG 蔡CHOI 郑CHENG 许HUI 杨YEUNG 刘LAU 郭KWOK 叶YIP 志CHI 明MING 伟WAI 强KEUNG 华WAH 丽LAI 美MEI 玲LING 芳FONG 文MAN 国KWOK 建KIN 俊CHUN 杰KIT 英YING 秀SAU 珍CHUN 玉YUK 惠WAI 雅NGA 晓HIU 婷TING 红HUNG 海HOI 辉FAI 荣WING 娟KUEN 小SIU"
MIN = "陈TAN 林LIM 黄NG 张TEO 吴GOH 李LEE 王ONG 蔡CHUA 郑TAY 许KOH 杨YEO 郭KUEK 叶YAP 沈SIM 苏SOH 洪ANG 谢CHIA 周CHEW"
VIET = "LAN兰 HUONG香 HOA花 THU秋 MAI梅 HONG红 NGA娥 THUY水 HANH幸 TUYET雪 BICH碧 YEN燕"
WEST = "SANTOS桑托斯 REYES雷耶斯 SMITH史密斯 WIJAYA维贾亚 MUELLER穆勒 GARCIA加西亚 KUMAR库马尔 MARTIN马丁 JOSE何塞 DAVID大卫"
WADE = "^zhi$ CHIH,^(chi|shi)$ \\1H,^ri$ JIH,^[zc]i$ TZU,^si$ SZU,^you$ YU,^yan$ YEN,^ye$ YEH,^yi$ I,^zh CH,^(q|j|ch) CH,^x HS,^r J,^b P,^d T,^g K,^[zc] TS,ian$ IEN,ong$ UNG,(i|u)e$ \\1EH"
EAR = "^huang$ wan,^wang$ wan,^fu$ hu,^([zcs])h \\1,^f h,^[nr] l,ng$ n"
DIALS = "135 136 137 138 139 150 151 152 158 159 180 182 183 186 187 188 189 130 131 133 177 199"
POLYPHONE = "曾zeng 单shan 覃qin 茜qian 行xing 长chang 朝chao 重chong"
RARE, HKM, MINM, PYFIX = ({t[0]: t[1:] for t in x.split()} for x in (RARES, HK, MIN, POLYPHONE))
TRAD_T = str.maketrans(TRAD[::2], TRAD[1::2])
VARM, LOOKM = (dict(zip(t[1::2] + t[::2], t[::2] + t[1::2])) for t in (VARI, LOOK))
COUNTIES = [c.split() for c in COUNTY.split(";")]
VIETS, WESTS = (re.findall(r"([A-Z]+)(\S+)", t) for t in (VIET, WEST))
KEYS = ["name", "name_latin", "sex", "birth", "id_kind", "id_number", "phone", "address"]
TODAY = date(2026, 11, 28).toordinal()
Rec = dict[str, str]
Addr = tuple[int, str, str, str]  # county (-1: elsewhere), town or whole text, village, number


@cache
def _py(c: str, rules: str = "") -> str:
    s = PYFIX.get(c) or (lazy_pinyin(c)[0] if c > "\u2e80" else c.lower())
    for a, b in (x.split() for x in rules.split(",") if x):
        s = re.sub(a, b, s)  # Wade-Giles: what is done is upper case
    return s


def _pk(text: str) -> str:
    return "".join(map(_py, text))


@cache
def _iso(o: int) -> str:
    return date.fromordinal(o).isoformat()


def _real(iso: str) -> str | None:
    try:
        return iso if date.fromisoformat(iso).toordinal() <= TODAY else None
    except ValueError:
        return None


def _lunar(o: int) -> str | None:
    """Lunar month and day (mean moons, no leap months) written as if solar."""
    moon = math.floor(730125.09 + math.floor((o + 0.99 - 730125.09) / 29.530589) * 29.530589)
    return _real(f"{_iso(moon - 20)[:8]}{o - moon + 1:02d}")  # month 1 begins 21 Jan - 19 Feb


def _check(n: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(map(int.__mul__, map(int, n), weights)) % 11]


def _slip(a: str, b: str) -> bool:
    """One character differs, or two neighbours changed places."""
    d = [i for i in range(len(a)) if a[i] != b[i]] if len(a) == len(b) else []
    return len(d) == 1 or (
        len(d) == 2 and d[1] == d[0] + 1 and a[d[0]] + a[d[1]] == b[d[1]] + b[d[0]]
    )


def _zipf(items: str | list[str], s: float, q: float) -> Callable[[random.Random], str]:
    cum = list(accumulate((k + q) ** -s for k in range(1, len(items) + 1)))
    return lambda r: items[bisect(cum, r.random() * cum[-1])]


def _address(a: Addr, how: int) -> str:
    """0-2 as registered, 3-8 in other words, 9 coarse."""
    ci, town, v, num = a
    if ci < 0:
        return town if how < 3 else re.sub("省|市", "", town[: 6 if how > 8 else 99], count=2)
    c, n, vs, ts = (
        COUNTIES[ci][1],
        num + "号" * ("幢" not in num),
        v.rstrip("村"),
        re.sub("街道$|.$", "", town),
    )
    cs, old, near = (
        c[:2],
        c.replace("海区", "海市").replace("泰区", "泰县"),
        "大队" if v[-1] == "村" else "旁边",
    )
    han = n.translate(str.maketrans("0123456789", "〇一二三四五六七八九"))
    forms = f"福建省漳州市{c}{town}{v}{n}|漳州市{c}{town}{v}{n}|{c}{town}{v}{n}|{ts}{vs}{n}|{cs}{ts}{vs}{near}{n}|{v}{n}, {town}, {c}"
    return f"{forms}|{cs} {ts} {vs}|漳州{cs}{town}{v}{han}|{old}{town}{vs}{n}|{cs}{town}".split(
        "|"
    )[how]


SOUND: dict[str, list[str]] = {}
for _ch in dict.fromkeys(SURS + EXTRA + re.sub("[ |]", "", "".join(GIVEN.values()))):
    SOUND.setdefault(_py(_ch), []).append(_ch)
    SOUND.setdefault("~" + _py(_ch, EAR), []).append(_ch)


@dataclass(slots=True, eq=False)
class P:
    """A person in truth; register and arrivals each show a part."""

    sur: str
    name: str
    sex: str
    birth: int
    phone: str
    addr: Addr
    hh: list["P"]
    kind: str = "idcard"
    doc: str = ""
    idn: str = ""  # the citizen's id number, whatever document the register knows
    lat: tuple[str, str] = ("", "")  # romanised surname and given name, if not pinyin

    def latin(self) -> tuple[str, str]:
        v = ("YU", "U", "V")[self.birth % 3]  # LYU since 2012; before LU, sometimes LV
        s, g = (_pk(x).upper().replace("V", v) for x in (self.sur, self.name[len(self.sur) :]))
        return self.lat if self.lat[0] else (s, g)


class World:
    def __init__(self, seed: int) -> None:
        r = self.r = random.Random(seed)
        self.used: set[str] = set()
        self.sur = _zipf(SUR, 1.15, 2.2)
        self.given, self.tail = {}, {}
        for k, v in GIVEN.items():
            whole, a, b = v.split("|")
            self.given[k] = _zipf(whole.split(), 0.8, 2), _zipf(a, 0.7, 2), _zipf(b, 0.7, 2)
            self.tail[k[0]] = self.tail.get(k[0], EXTRA) + a + b
        self.towns: list[tuple[int, str, list[tuple[str, str]]]] = []
        names = [
            a + b + "村" for a in "前后上下内东西南北新" for b in "坑厝坂埔洋楼寨亭港头林田山溪园"
        ]
        for ci, c in enumerate(COUNTIES):
            for k, t in enumerate(c[3:]):
                vs = (
                    [(v, "") for v in r.sample(ROADS.split(), 7)] if k == 0 or t[-1] == "道" else []
                )
                self.towns.append(
                    (ci, t, vs + [(v, self.sur(r)) for v in r.sample(names, 15 - len(vs))])
                )
        rank = [float(c[2]) / (k + 3) for c in COUNTIES for k in range(len(c) - 3)]
        self.tcum = list(accumulate(rank))

    def given_name(self, sex: str, birth: int, first: str = "") -> str:
        r, y = self.r, 1 + birth / 365.2425
        whole, a, b = self.given[f"{sex}{(y >= 1955) + (y >= 1980) + (y >= 2000)}"]
        u, v = 1.0 if first else r.random(), r.random()
        if u < 0.18:
            return whole(r) if u < 0.1 else b(r)
        one = first or (a(r) if u < 0.85 else r.choice(self.tail[sex]))
        return one + (
            r.choice(list(RARE)) if v < 0.015 else r.choice(self.tail[sex]) if v < 0.2 else b(r)
        )

    def id_number(self, area: str, birth: int, sex: str, seq: int = 0) -> str:
        if birth > 738200:  # district codes of 2021
            area = {"350681": "350604", "350625": "350605"}.get(area, area)
        head = area + _iso(birth).replace("-", "")
        seq = seq or self.r.randrange(1, 400) * 2 + (sex == "M")
        while (n := f"{head}{seq % 1000:03d}") in self.used or n.endswith("000"):
            seq += 2
        self.used.add(n)
        return n + _check(n)

    def phone(self) -> str:
        k = 4 * self.r.randrange(22)
        return f"{DIALS[k : k + 3]}{self.r.randrange(10**8):08d}"

    def address(self) -> tuple[Addr, str]:
        r = self.r
        ci, town, vs = self.towns[bisect(self.tcum, r.random() * self.tcum[-1])]
        village, clan = r.choice(vs)
        flat = f"{r.randrange(1, 40)}幢{r.randrange(1, 25)}0{r.randrange(1, 5)}"
        return (
            ci,
            town,
            village,
            str(r.randrange(1, 400)) if clan or r.random() < 0.4 else flat,
        ), clan

    def person(self, hh: list[P], addr: Addr, area: str, style: float, **kw: Any) -> P:
        """Adds to a household; style: citizen or which kind of foreigner."""
        r, sur, sex, birth = self.r, kw["sur"], kw["sex"], kw["birth"]
        given = self.given_name(sex, birth, kw.get("first", ""))
        p = P(sur, sur + given, sex, birth, kw.get("phone") or self.phone(), addr, hh)
        digits = f"{r.randrange(10**8):08d}"
        if style > 0.02 or (style > 0.015 and hh):
            p.idn = p.doc = self.id_number(area, birth, sex)
            if r.random() < 0.015:
                p.kind, p.doc = "passport", (r.choice(("E", "EA", "EB", "EJ")) + digits)[:9]
        elif style < 0.006:
            p.kind, p.doc = "tw_permit", digits
            p.lat = (_py(sur[0], WADE).upper(), "-".join(_py(c, WADE).upper() for c in given))
        elif style < 0.011:
            p.kind, p.doc = "hkmo_permit", r.choice("HHHM") + digits
            if all(c in HKM for c in p.name):  # others keep pinyin, as many Fujian-born do
                p.lat = (HKM[sur], " ".join(HKM[c] for c in given))
        else:
            p.kind, p.doc, (v, x), (s, y) = (
                "passport",
                "P" + digits,
                r.choice(VIETS),
                r.choice(WESTS),
            )
            p.lat = (MINM.get(sur, _pk(sur).upper()), " ".join(map(_py, given)).upper())
            if 0.015 < style < 0.018:
                v2, x2 = r.choice(VIETS)
                p.sur, p.name, p.sex, p.lat = "阮", f"阮氏{x}{x2}", "F", ("NGUYEN", f"THI {v} {v2}")
            elif style > 0.015:
                v2, x2 = r.choice(WESTS)
                p.sur, p.name, p.lat = "", f"{x2}·{y}", (s, v2)
        hh.append(p)
        return p

    def household(self) -> list[P]:
        r, hh, (a, clan) = self.r, list[P](), self.address()
        home = r.choice(FAR.split()) if r.random() < 0.22 else COUNTIES[a[0]][0]
        sur = clan if clan and home not in FAR and r.random() < 0.45 else self.sur(r)
        age, shape, style = r.triangular(20, 88, 40), r.random(), r.random()
        born = TODAY - int(age * 365.25) - r.randrange(365)
        dad = self.person(hh, a, home, style, sur=sur, sex=r.choice("MMMF"), birth=born)
        if shape < 0.14:
            return hh
        area = home if home in FAR or r.random() < 0.7 else r.choice(COUNTIES)[0]
        kw: dict[str, Any] = {"phone": dad.phone if age > 68 and r.random() < 0.4 else ""}
        born = min(born + int(r.gauss(600, 900)), TODAY - 7000)
        mum = self.person(
            hh, a, area, style, sur=self.sur(r), sex="FM"[dad.sex == "F"], birth=born, **kw
        )
        sur, kw = dad.sur or sur if dad.sex == "M" else mum.sur or sur, {"first": ""}
        born = mum.birth + int(r.triangular(20, 36, 25) * 365.25)
        for _ in range(r.choices((0, 1, 2, 3, 4), (25, 24, 34, 13, 4))[0]):
            old = (TODAY - born) / 365.25
            if old > 0 and (old < 26 or r.random() < 0.4):
                phone = r.choice((dad, mum)).phone if old < r.gauss(13, 2) else ""
                kw = {"sur": sur, "phone": phone, "first": kw["first"] if r.random() < 0.5 else ""}
                kid = self.person(hh, a, home, style, sex=r.choice("MMMFF"), birth=born, **kw)
                kw["first"] = kid.name[len(kid.sur)]
                if r.random() < 0.014:
                    sex = kid.sex if r.random() < 0.7 else "FM"[kid.sex == "F"]
                    self.person(hh, a, home, style, sex=sex, birth=born, **kw)
            born += int(r.triangular(1.2, 8, 3) * 365.25)
        if r.random() < 0.35 and age < 60:
            born = dad.birth - int(r.triangular(19, 38, 26) * 365.25)
            kw = {"birth": born, "phone": dad.phone if r.random() < 0.4 else ""}
            self.person(hh, a, area, style, sur=self.sur(r), sex="F", **kw)
            if r.random() < 0.6:
                self.person(hh, a, home, style, sur=sur, sex="M", **kw)
        return hh

    def entry(self, p: P) -> Rec:
        r, odd = self.r, p.kind != "idcard"
        noid = r.random() < (0.4 if p.birth > TODAY - 1100 else 0.11)
        lat = p.sur in ("", "阮") or r.random() < (0.6 if odd else 0.07)
        latin = " ".join(p.latin()) if lat else ""
        name = p.name.translate(TRAD_T) if odd and r.random() < 0.5 else p.name
        row = [latin if not p.sur and r.random() < 0.5 else name, latin]
        row += [p.sex if r.random() > 0.02 else "", _iso(p.birth) if r.random() > 0.015 else ""]
        row += ["", ""] if noid else [p.kind, p.doc]
        row += [p.phone if r.random() > 0.08 else ""]
        where = _address(p.addr, r.randrange(3)) if r.random() > 0.05 else ""
        return dict(zip(KEYS, [*row, where]))


def damage(w: World, p: P, ch: str) -> tuple[Rec, dict[str, Any], list[str]]:
    """The arrival, what a careful reader sees in it, and the kinds of damage."""
    r, ev, done, cut = w.r, dict[str, str](), list[str](), len(p.sur)
    for group, rows in MODEL[ch].items():
        u = r.random() * 100
        ev[group] = next((e for e, share in rows if (u := u - share) < 0), "")

    def pick(group: str, now: str, **other: str | None) -> str:
        new = other.get(ev[group])
        if new is None or new == now:
            return now
        done.append(f"{group}.{ev[group]}")
        return new

    def typo(t: str, swap: bool = False) -> str:
        k = r.choice([i for i, c in enumerate(t[: len(t) - swap]) if c.isdigit()])
        if swap:
            return t[:k] + t[k + 1] + t[k] + t[k + 2 :]
        shape = "8674 4 8 4 65851 363 4"[2 * int(t[k]) :][:2].strip()
        return t[:k] + r.choice(shape if ch == "ocr" else "0123456789") + t[k + 1 :]

    # name
    sur, giv, (s, g), alt = p.sur, p.name[cut:], p.latin(), dict[str, str | None]()
    k = cut + r.randrange(len(giv)) if r.random() < 0.85 else 0
    c = p.name[k]
    for e, cs in (
        ("homoph", SOUND.get(_py(c))),
        ("ear", SOUND.get("~" + _py(c, EAR))),
        ("look", LOOKM.get(c)),
    ):
        cs = [x for x in cs or "" if x != c and (e != "ear" or _py(x) != _py(c))]
        alt[e] = p.name[:k] + r.choice(cs) + p.name[k + 1 :] if cs else None
    alt["drop"] = sur + r.choice(giv) if len(giv) == 2 else None
    alt["add"] = (
        w.sur(r) + p.name
        if p.kind == "hkmo_permit" and p.sex == "F"
        else sur + r.choice("阿小") + giv
    )
    alt["renamed"] = sur + w.given_name(p.sex, p.birth)
    apart, mr = (
        g if p.lat[0] else " ".join(_py(x).upper() for x in giv),
        "MR" if p.sex == "M" else "MS",
    )
    forms = f"{s} {g}|{s} {g}|{s}, {g}|{g} {s}|{s}/{g}|{s}<<{g}|{s} {g.lower()}|{s} {apart}|{s}{g}|{s}/{g} {mr}"
    lat = r.choice(forms.split("|"))
    if sur in ("", "阮") and not ev["name"].startswith("latin"):
        ev["name"] = r.choice(("latin_han", "latin_only"))
    elif not ev["name"] and p.kind[:2] in ("tw", "hk") and r.random() < 0.7:
        ev["name"] = "trad"
    text = pick("name", p.name, **alt, latin_han=lat, latin_only="")
    latin = lat if ev["name"] == "latin_only" else pick("name", "", han_latin=lat)
    m: dict[str, Any] = {
        "name": text,
        "key": _pk(text),
        "like": None if ev["name"] == "renamed" else p,
    }
    if ev["name"] in ("latin_han", "latin_only"):
        m |= {"name": "", "key": re.sub("[^a-z]", "", (s + g).lower())}
    else:
        rare, odd = (next((x for x in text if x in t), "") for t in (RARE, VARM))
        if rare:
            text = pick(
                "rare",
                text,
                lost=text.replace(rare, r.choice(["?", "□", "*"] + [_py(rare), RARE[rare]])),
            )
        odd = text.replace(odd, VARM[odd]) if odd else text
        text = pick("name", text, trad=text.translate(TRAD_T), variant=odd)
        gap, title = (
            r.choice((" ", "  ", "\u3000")),
            r.choice(("先生" if mr == "MR" else "女士", "(本人)", "同志")),
        )
        head, rest = text[:cut], text[cut:]
        text = pick("fmt", text, space=head + gap + rest, dot=f"{head}·{rest}", suffix=text + title)
    # document
    kind, doc, iso = p.kind, p.doc, _iso(p.birth)
    if ch != "mrz" and p.idn and kind == "passport" and r.random() < 0.6:
        kind, doc = "idcard", p.idn
    old, passport = (
        iso[:4] < "2000",
        (r.choice(("E", "EC", "EK")) + f"{r.randrange(10**8):08d}")[:9],
    )
    card = {
        "otherkind": passport,
        "old15": doc[:6] + doc[8:17] if old else None,
        "sci000": doc[:15] + "000",
    }
    num = pick(
        "id",
        doc,
        missing="",
        digit=typo(doc),
        swap=typo(doc, True),
        **(card if kind == "idcard" else {}),
    )
    elders = [x.idn for x in p.hh if x.idn and p.birth - x.birth > 6500]
    if num == p.idn and iso > "2010-11-28" and elders:
        num = pick("kid", num, parent_id=r.choice(elders[:2]))
    if num.endswith("X"):
        num = pick("idx", num, lower=num[:-1] + "x", drop=num[:-1])
    kind = "" if not num else "passport" if num == passport else kind
    # birth, sex
    birth = iso
    if num == p.idn and ev["birth"] != "missing" and r.random() > 0.35:
        ev["birth"] = ""
    if kind == "idcard" and ev["id"] in ("digit", "swap") and r.random() < 0.5:
        birth = _real(f"{num[6:10]}-{num[10:12]}-{num[12:14]}") or iso
    swap, year = _real(f"{iso[:5]}{iso[8:]}-{iso[5:7]}"), iso[:4]
    new = {"swap_md": swap, "digit": _real(iso[:2] + typo(iso[2:])), "jan1": year + "-01-01"}
    birth = pick("birth", birth, missing="", year=year, lunar=_lunar(p.birth), **new)
    sex = pick("sex", p.sex, missing="", wrong="FM"[p.sex == "F"])
    # phone, address
    kin, t = [x.phone for x in p.hh if x.phone != p.phone], p.phone
    new = {"relative": r.choice(kin) if kin else None, "swap": t[:3] + typo(t[3:], True)}
    t = tel = pick("phone", t, missing="", changed=w.phone(), digit=t[:3] + typo(t[3:]), **new)
    if t:
        forms = f"+86{t}|+86 {t}|0086{t}|86-{t}|{t[:3]}-{t[3:7]}-{t[7:]}"
        t = pick("phfmt", t, plus86=r.choice(forms.split("|")))
    a = w.address()[0] if ev["addr"] == "moved" else p.addr
    how = {"reword": r.randrange(3, 9), "coarse": 9}.get(ev["addr"], r.randrange(3))
    where = pick("addr", "?", missing="", reword="r", coarse="c", moved="m") and _address(a, how)
    seen = (*a[:2], a[2] if how < 9 else "", a[3] if how not in (6, 9) else "") if where else None
    m |= {
        "sur": sur,
        "sex": sex,
        "birth": birth,
        "kind": kind,
        "doc": num,
        "phone": tel,
        "addr": seen,
    }
    if pick("fmt", "", wide="w"):
        num, t = (x.translate({i: i + 0xFEE0 for i in range(48, 91)}) for x in (num, t))
    return dict(zip(KEYS, [text, latin, sex, birth, kind, num, t, where])), m, done


class Judge:
    """A careful human's weighing (log10); only to throw away what nobody could decide."""

    def __init__(self, reg: list[Rec], people: list[P]) -> None:
        self.reg, self.people, self.n = reg, people, len(people)
        self.pk = [_pk(p.name) if p.sur else "".join(p.lat).lower() for p in people]
        self.known = [re.sub("[^a-z]", "", g["name_latin"].lower()) for g in reg]
        self.count = Counter(p.name for p in people) + Counter(self.pk)

    @staticmethod
    def keys(m: dict[str, Any]) -> list[str]:
        return [k for k in (m["key"], m["doc"], m["phone"], m["birth"] + m["sur"]) if k]

    def find(self, ms: list[dict[str, Any]]) -> dict[str, list[int]]:
        need: dict[str, list[int]] = {k: [] for m in ms for k in self.keys(m)}
        for i, p in enumerate(self.people):
            for k in (self.pk[i], self.known[i], p.doc, p.phone, _iso(p.birth) + p.sur):
                if k in need:
                    need[k].append(i)
        return need

    def name(self, m: dict[str, Any], i: int) -> float:
        p, a, b = self.people[i], m["name"], self.people[i].name
        rare = math.log10(self.n / (self.count[self.pk[i]] + 0.5))
        if not a:
            return rare if m["key"] in (self.pk[i], self.known[i]) else -4
        if a == b:
            return math.log10(self.n / (self.count[a] + 0.5))
        if m["key"] == self.pk[i]:
            return rare - 1
        d = [(x, y) for x, y in zip(a, b) if x != y]
        one = len(a) == len(b) and len(d) == 1
        one = one and (LOOKM.get(d[0][1]) == d[0][0] or _py(d[0][0], EAR) == _py(d[0][1], EAR))
        x, y = sorted((a, b), key=len)
        cut = len(y) == len(x) + 1 and any(y[:k] + y[k + 1 :] == x for k in range(len(y)))
        far = -4 if a[:1] == b[:1] and set(a[1:]) & set(b[1:]) else -5.5
        return rare - 1.7 if p is m["like"] or one or cut else far

    @staticmethod
    def document(a: str, b: str, card: bool) -> float:
        if a in (b, b[:17]):
            return 8
        if card and a in (b[:6] + b[8:17], b[:15] + "000"):
            return 6 if len(a) == 18 else 7.5
        valid = len(a) == 18 and a[:17].isdigit() and _check(a[:17]) == a[17]
        return 5 if _slip(a, b) and not valid else -1 if not card else -5 if valid else -2

    @staticmethod
    def born(a: str, b: str) -> float:
        if a == b:
            return 4.4
        if len(a) == 4 or a[4:] == "-01-01":
            return 1.8 if a[:4] == b[:4] else -2
        if a == f"{b[:5]}{b[8:]}-{b[5:7]}":
            return 2.2
        late = date.fromisoformat(b).toordinal() - date.fromisoformat(a).toordinal()
        return 1.8 if _slip(a, b) else 0.8 if 17 < late < 52 else -3

    def weigh(self, m: dict[str, Any], i: int) -> float:
        g, p, where, num = self.reg[i], self.people[i], 0.0, m["doc"].upper()
        total, seen, had = self.name(m, i) - math.log10(self.n), m["birth"], g["birth"]
        if g["id_kind"] == "idcard":
            had = _iso(p.birth)
        if not seen and m["kind"] == "idcard" and len(num) > 16:
            seen = _real(f"{num[6:10]}-{num[10:12]}-{num[12:14]}")
        birth, same = self.born(seen, had) if seen and had else 0.0, 0.0
        if num and m["kind"] == g["id_kind"]:
            same = self.document(num, g["id_number"], m["kind"] == "idcard")
        total += same + (min(birth, 0.5) if same >= 5 else birth)
        if m["sex"] and g["sex"]:
            total += 0.3 if m["sex"] == g["sex"] else -1.3
        if m["phone"] and g["phone"]:
            where = 4 if m["phone"] == g["phone"] else 3 if _slip(m["phone"], g["phone"]) else -0.5
        if m["addr"] and g["address"]:
            level = next((k for k in range(4) if m["addr"][k] != p.addr[k] or not p.addr[k]), 4)
            where += (-0.7, 0.7, 1.5, 2.5, 3.5)[level]
        return total + min(where, 5.5)

    def fair(self, m: dict[str, Any], truth: int, near: set[int]) -> bool:
        best = max((self.weigh(m, i) for i in near if i != truth), default=-9.0)
        return best <= -1.5 if truth < 0 else self.weigh(m, truth) >= max(2.0, best + 2.5)


def stranger(w: World, kind: str, reg: list[P], outside: list[P]) -> P:
    """Somebody who is not in the register, often made from one who is."""
    r = w.r
    if kind == "family" and outside:
        return outside.pop()
    q = r.choice(w.household())
    q.hh = []
    if kind == "stranger" or r.random() < 0.6:
        q.addr = (-1, r.choice(AWAY.split()), "", "")
    t = r.choice(reg)
    while t.kind != "idcard":
        t = r.choice(reg)
    if kind in ("stranger", "family", "recycled"):
        q.phone = t.phone if kind == "recycled" else q.phone
        return q
    q.sur, q.name, q.sex, q.birth, q.kind, q.lat = t.sur, t.name, t.sex, t.birth, "idcard", ("", "")
    area, seq = t.idn[:6] if kind in ("twin", "near_id") else r.choice(COUNTIES)[0], 0
    if kind == "twin":
        q.sex = t.sex if r.random() < 0.75 else "FM"[t.sex == "F"]
        q.name = t.sur + w.given_name(q.sex, t.birth, t.name[len(t.sur)])
        q.addr, q.hh, q.phone = t.addr, t.hh, t.phone if r.random() < 0.7 else q.phone
        seq = int(t.idn[14:17]) + (2 if q.sex == t.sex else 1)
    elif kind == "near_id":
        q.name, seq = (
            q.sur + w.given_name(q.sex, q.birth),
            int(t.idn[14:17]) + r.choice((2, 4, 20, 200)),
        )
    elif kind == "village":
        q.birth, q.addr = t.birth - r.randrange(200, 3000), (*t.addr[:3], str(r.randrange(1, 400)))
    elif kind in ("pinyin", "same_name_year"):
        first = date.fromisoformat(_iso(t.birth)[:4] + "-01-01").toordinal()
        q.birth = min(TODAY, first + r.randrange(365))
        if kind == "pinyin":
            q.name = q.sur + "".join(r.choice(SOUND.get(_py(c), [c])) for c in q.name[len(q.sur) :])
    q.idn = q.doc = w.id_number(area, q.birth, q.sex, seq)
    return q


def build(
    n: int, seed: int, queries: int
) -> tuple[list[Rec], list[Rec], list[int], list[list[str]]]:
    w = World(seed)
    r, people, outside = w.r, list[P](), list[P]()
    while len(people) < n:
        for p in w.household():
            (people if r.random() < 0.93 and len(people) < n else outside).append(p)
    r.shuffle(people)
    r.shuffle(outside)
    reg = [w.entry(p) for p in people]
    judge, where = Judge(reg, people), {id(p): i for i, p in enumerate(people)}
    left, out = (
        [round(queries * 0.75), queries - round(queries * 0.75)],
        list[tuple[Rec, int, list[str]]](),
    )
    share, kinds = [MODEL[c]["channel"][0][1] for c in MODEL], NEG.split()
    while any(left):
        batch = []
        for neg in [0] * int(left[0] * 1.3 + 5) + [1] * int(left[1] * 1.9 + 5):
            kind = r.choices(kinds[::2], list(map(int, kinds[1::2])))[0] if neg else ""
            p = stranger(w, kind, people, outside) if neg else r.choice(people)
            ch = "mrz" if kind == "pinyin" else r.choices(list(MODEL), share)[0]
            rec, m, done = damage(w, p, ch)
            batch.append((rec, m, -1 if neg else where[id(p)], done + [f"not.{kind}"] * neg, p))
        found = judge.find([b[1] for b in batch])
        for rec, m, truth, done, p in batch:
            near = {where[id(x)] for x in p.hh if id(x) in where}.union(
                *(found[k] for k in judge.keys(m))
            )
            if left[truth < 0] > 0 and judge.fair(m, truth, near):
                left[truth < 0] -= 1
                out.append((rec, truth, done))
    r.shuffle(out)
    return reg, [o[0] for o in out], [o[1] for o in out], [o[2] for o in out]


def make(n: int, seed: int, *, queries: int) -> tuple[list[Rec], list[Rec], list[int]]:
    gc.disable()  # a million small objects
    try:
        return build(n, seed, queries)[:3]
    finally:
        gc.enable()


if __name__ == "__main__":
    reg_, arr_, truth_, kinds_ = build(20000, 1, 5000)
    print(f"{len(reg_)} persons, {len(arr_)} arrivals, not registered: {truth_.count(-1)}")
    print(*(f"{k:20} {v:5d}" for k, v in sorted(Counter(sum(kinds_, [])).items())), sep="\n")
    wrong = Counter(sum(not k.endswith("missing") and k[:4] != "not." for k in ks) for ks in kinds_)
    print("damages other than a missing field: arrivals", sorted(wrong.items()))
    for ks_, a_, t_ in zip(kinds_[:10], arr_, truth_):
        print(ks_, reg_[t_] if t_ >= 0 else "not registered", a_, sep="\n   ")
