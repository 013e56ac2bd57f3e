"""What the columns of a table are for, by the names people give them in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from remud_gen.rules.normalise import unify

TableUse = Literal["questions", "labels"]


def _list(words: str) -> tuple[str, ...]:
    return tuple(words.split())


QUESTION_COLUMNS = _list("""
    question questions questiontext questionstem stem 问题 題目 题目 题干 題幹 试题 試題 提问
""")
CHOICES_COLUMNS = _list("""
    options option choices choice answers candidates 选项 备选项 备选答案 選項
""")
ANSWER_COLUMNS = _list("""
    answer answers correctanswer rightanswer answerkey key correct correctoption solution response gold label
    答案 正确答案 参考答案 标准答案 正确选项 正確答案
""")
EXPLANATION_COLUMNS = _list("""
    explanation explanations rationale reason reasoning analysis exp solutiontext 解析 答案解析 试题解析 解释 说明
    分析 詳解 解說
""")
FILE_COLUMNS = _list("""
    file filename filepath path relativepath image imagefile imagefilename imagename imagepath imageid img
    imgname imgfile imgpath imgid picture picturename photo frame framename 文件 文件名 文件名称 文件路径 路径
    图像 图像名 图像名称 图像文件 图像文件名 图像路径 图片 图片名 图片名称 图片文件 图片文件名 图片路径 图像编号
    图片编号 影像 影像文件 檔案 檔名 圖片 圖像
""")
TITLE_COLUMNS = _list("""
    title label labels class classname classlabel category diagnosis diagnoses disease pathology 标题 题名 标签
    类别 类型 分类 诊断 疾病 病种 病名 標題 標籤 類別 診斷
""")
CAPTION_COLUMNS = _list("""
    caption captions description imagedescription desc text finding findings ultrasoundfindings
    sonographicfindings 描述 图像描述 图片描述 超声描述 图注 图题 图片说明 图像说明 说明 所见 超声所见 检查所见
    影像所见 影像表现 超声表现 表现 圖說 描述文字
""")
NOTE_COLUMNS = _list("""
    report reporttext reports impression conclusion interpretation note notes comment comments remark remarks
    keypoints 报告 报告内容 超声报告 检查报告 印象 结论 超声提示 提示 诊断意见 备注 注释 要点 報告
""")
ATTRIBUTE_COLUMNS = _list("""
    modality view plane section organ bodypart anatomy region position side laterality birads tirads lirads
    orads grade grading stage composition echogenicity margin shape 模态 切面 部位 检查部位 器官 位置 侧别 分级
    分期 分类等级 回声 边缘 形态
""")
TEXT_COLUMNS = (*TITLE_COLUMNS, *CAPTION_COLUMNS, *NOTE_COLUMNS, *ATTRIBUTE_COLUMNS)


def reduce_header(header: str) -> str:
    """A column's name without case, spaces and punctuation: "Image_File Name" -> "imagefilename"."""
    return re.sub(r"[\W_]+", "", unify(header).casefold())


def judge_columns(columns: Iterable[str]) -> TableUse | None:
    """What a table with these columns is for: a bank of questions, words for pictures, or neither."""
    names = {reduce_header(column) for column in columns}
    if names & set(QUESTION_COLUMNS):
        return "questions"
    return "labels" if names & set(FILE_COLUMNS) and names & set(TEXT_COLUMNS) else None
